using System.Collections.Immutable;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Abstractions.Tests;

/// <summary>Every type that crosses between processes is a contract: it has an alias and ids, and arrives as it was sent.</summary>
public sealed class ContractTests
{
    private static readonly Assembly Contracts = typeof(ConnectionId).Assembly;

    /// <summary>Types that never cross.</summary>
    private static readonly HashSet<Type> Local =
        [typeof(GrainKeys), typeof(ClusterKey), typeof(IdentitySources), typeof(Names), typeof(NodeRoles), typeof(PlainText), typeof(RefusalException),
            typeof(SharedObjectNames), typeof(SharedObjectLease)];

    public static TheoryData<Type> DataTypes => [.. Types().Where(t => !t.IsInterface && !t.IsEnum && !t.IsAssignableTo(typeof(Exception)))];

    public static TheoryData<Type> Interfaces => [.. Types().Where(t => t.IsInterface)];

    // What Orleans generates is in its own namespaces; what is in ours for hosting configures, and never crosses.
    private static IEnumerable<Type> Types() => Contracts.GetExportedTypes().Where(t => !Local.Contains(t) && t.Namespace == nameof(RoomGrains));

    [Theory, MemberData(nameof(DataTypes))]
    public void A_contract_type_has_a_serializer_an_alias_and_ids(Type type)
    {
        Assert.True(type.IsDefined(typeof(GenerateSerializerAttribute)), $"{type} lacks [GenerateSerializer]");
        Assert.True(type.IsDefined(typeof(AliasAttribute)), $"{type} lacks [Alias]");
        Assert.True(type.IsDefined(typeof(ImmutableAttribute)), $"{type} lacks [Immutable]");
        var stored = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(IsStored).ToList();
        Assert.All(stored, p => Assert.True(p.IsDefined(typeof(IdAttribute)), $"{type}.{p.Name} lacks [Id]"));
        Assert.Equal(stored.Count, stored.Select(p => p.GetCustomAttribute<IdAttribute>()!.Id).Distinct().Count());
    }

    [Theory, MemberData(nameof(Interfaces))]
    public void A_grain_interface_and_its_methods_have_aliases(Type type)
    {
        Assert.True(type.IsDefined(typeof(AliasAttribute)), $"{type} lacks [Alias]");
        var methods = type.GetMethods();
        Assert.All(methods, m => Assert.True(m.IsDefined(typeof(AliasAttribute)), $"{type}.{m.Name} lacks [Alias]"));
        Assert.Equal(methods.Length, methods.Select(m => m.GetCustomAttribute<AliasAttribute>()!.Alias).Distinct().Count());
    }

    [Fact]
    public void All_contracts_are_looked_at()
    {
        Assert.Contains(typeof(Verdict), Types());
        Assert.Contains(typeof(Answer<>), Types());
        Assert.Contains(typeof(IRoomGrain), Types());
        Assert.All(Contracts.GetExportedTypes().Where(t => t.IsDefined(typeof(GenerateSerializerAttribute))), t => Assert.Contains(t, Types()));
    }

    [Fact]
    public void Aliases_are_unique()
    {
        var aliases = Types().Where(t => t.IsDefined(typeof(AliasAttribute))).GroupBy(t => t.GetCustomAttribute<AliasAttribute>()!.Alias).Where(g => g.Count() > 1);
        Assert.Empty(aliases.Select(g => g.Key));
    }

    [Fact]
    public void Numbers_of_enums_are_unique()
    {
        foreach (var type in Types().Where(t => t.IsEnum))
        {
            var numbers = Enum.GetValuesAsUnderlyingType(type).Cast<int>().ToList();
            Assert.Equal(numbers.Count, numbers.Distinct().Count());
        }
    }

    [Theory, MemberData(nameof(DataTypes))]
    public void A_contract_type_arrives_as_it_was_sent(Type type)
    {
        if (type.IsGenericTypeDefinition)
            type = type.MakeGenericType(typeof(Verdict));
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var sent = Sample(type, depth: 0)!;

        var arrived = serializer.Deserialize<object>(serializer.SerializeToArray<object>(sent))!;

        Assert.IsType(type, arrived);
        AssertSame(sent, arrived, type.Name);
    }

    [Fact]
    public void An_exception_arrives_with_its_message()
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var arrived = serializer.Deserialize<Exception>(serializer.SerializeToArray<Exception>(new DatabaseUnavailableException("disk full")));
        Assert.Equal("disk full", Assert.IsType<DatabaseUnavailableException>(arrived).Message);
    }

    private static bool IsStored(PropertyInfo property) => property.Name != "EqualityContract" && property.SetMethod is not null && property.GetIndexParameters().Length == 0;

    /// <summary>An object in which no property has its default, so that one that is lost on the way is missed.</summary>
    private static object? Sample(Type type, int depth)
    {
        Assert.True(depth < 10, $"{type} nests too deeply for a contract");
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return $"text {depth}";
        if (type == typeof(int))
            return 41 + depth;
        if (type == typeof(long))
            return (1L << 40) + depth;
        if (type == typeof(double))
            return 29.97;
        if (type == typeof(bool))
            return true;
        if (type == typeof(AmfValue))
            return (AmfValue)$"value {depth}";
        if (type == typeof(TimeSpan))
            return TimeSpan.FromMilliseconds(12345);
        if (type == typeof(DateTimeOffset))
            return new DateTimeOffset(2026, 11, 22, 12, 34, 56, TimeSpan.Zero);
        if (type == typeof(IPEndPoint))
            return new IPEndPoint(IPAddress.Parse("2001:db8::7"), 1935);
        if (type.IsEnum)
            return Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
            return typeof(ContractTests).GetMethod(nameof(SampleArray), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type.GetGenericArguments()).Invoke(null, [depth]);
        if (type == typeof(ImmutableDictionary<string, string>))
            return ImmutableDictionary<string, string>.Empty.Add("key", "value");
        if (type == typeof(ImmutableSortedDictionary<string, string>))
            return ImmutableSortedDictionary<string, string>.Empty.Add("key", "value");
        if (type == typeof(ImmutableDictionary<string, int>))
            return ImmutableDictionary<string, int>.Empty.Add("key", 3);
        // A reference to an observer needs a cluster; grain tests send them.
        if (type.IsInterface)
            return null;
        Assert.True(type.IsDefined(typeof(GenerateSerializerAttribute)), $"{type} is part of a contract, but this test has no sample of it");
        var made = System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type);
        foreach (var property in type.GetProperties().Where(IsStored))
            property.SetValue(made, Sample(property.PropertyType, depth + 1));
        return made;
    }

    private static ImmutableArray<T> SampleArray<T>(int depth) => [(T)Sample(typeof(T), depth + 1)!, (T)Sample(typeof(T), depth + 1)!];

    private static void AssertSame(object? sent, object? arrived, string path)
    {
        if (sent is null || sent.GetType().IsPrimitive || sent is string || !sent.GetType().IsDefined(typeof(GenerateSerializerAttribute)))
        {
            // Collections among them: xunit compares their elements.
            Assert.Equal(sent, arrived);
            return;
        }
        foreach (var property in sent.GetType().GetProperties().Where(IsStored))
        {
            var (before, after) = (property.GetValue(sent), property.GetValue(arrived));
            if (before is System.Collections.IEnumerable many and not string && many.Cast<object>().FirstOrDefault()?.GetType().IsDefined(typeof(GenerateSerializerAttribute)) == true)
                foreach (var (one, other) in many.Cast<object>().Zip(((System.Collections.IEnumerable)after!).Cast<object>()))
                    AssertSame(one, other, $"{path}.{property.Name}[]");
            else
                AssertSame(before, after, $"{path}.{property.Name}");
        }
    }
}
