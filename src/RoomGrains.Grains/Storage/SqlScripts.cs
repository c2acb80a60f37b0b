namespace RoomGrains.Grains.Storage;

/// <summary>The SQL of <c>cluster-config/sql</c>, which is built into this assembly.</summary>
internal static class SqlScripts
{
    public static string Read(string name)
    {
        using var stream = typeof(SqlScripts).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly has no resource {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
