using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Grains.Identities;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Identities;

/// <summary>A silo that takes tokens signed with a secret and with a key set's keys, and lets nobody in without.</summary>
public sealed class TokenSilo() : ClusterFixture(Options())
{
    private static GrainClusterOptions Options() => new()
    {
        OwnClock = true,
        Services = services => services.Configure<IdentityOptions>(o =>
        {
            var file = Path.Combine(System.IO.Directory.CreateTempSubdirectory("roomgrains-keys-").FullName, "jwks.json");
            File.WriteAllText(file, Tokens.KeySet);
            (o.Secret, o.KeyFile, o.Issuer, o.Audience, o.Anonymous) = (Tokens.Secret, file, Tokens.Issuer, Tokens.Audience, AnonymousRole.None);
        }),
    };
}

/// <summary>Which tokens let their bearers in, as whom, and what the others are told.</summary>
public sealed class TokenTests(TokenSilo silo) : IClassFixture<TokenSilo>
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly string _application = $"app{ConnectionId.New()}";

    private long Now => _cluster.Clock!.GetUtcNow().ToUnixTimeSeconds();

    private JsonObject Claims(Action<JsonObject>? change = null) => Tokens.Claims(_cluster.Clock!.GetUtcNow(), _application, change);

    private Task<Verdict> Connect(string token, string? room = "lobby", ConnectionId? id = null) =>
        _cluster.Client.Admit(Requests.New(_application, room, id: id) with { Parameters = ImmutableDictionary<string, string>.Empty.Add("token", token) });

    public static TheoryData<string, string> Bad => new()
    {
        { "expired", "has expired" },
        { "expired by more than the skew", "has expired" },
        { "valid later", "is not valid yet" },
        { "without expiry", "exp" },
        { "wrong secret", "not signed with a key" },
        { "wrong RSA key", "not signed with a key" },
        { "RSA key that is for encryption", "not signed with a key" },
        { "alg none", "is signed in a way" },
        { "alg None, signature left in", "is signed in a way" },
        { "public key as secret", "not signed with a key" },
        { "shown secret of the key set", "not signed with a key" },
        { "HS512", "is signed in a way" },
        { "RS512", "is signed in a way" },
        { "key in its own header", "not signed with a key" },
        { "claims changed", "not signed with a key" },
        { "signature of another", "not signed with a key" },
        { "garbage", "is none" },
        { "five parts", "is none" },
        { "too long", "is none" },
        { "other issuer", "another issuer" },
        { "no issuer", "another issuer" },
        { "other audience", "another audience" },
        { "other application", "another application" },
        { "no application", "no application" },
        { "application that is a number", "no application" },
        { "other room", "another room" },
        { "impossible room", "room that cannot be" },
        { "impossible stream", "stream that cannot be" },
        { "unknown role", "role that is none" },
        { "role that is a number", "role that is none" },
        { "role in capitals", "role that is none" },
        { "long user", "sub" },
        { "user with a line break", "sub" },
        { "once without an id", "jti" },
    };

    private string Make(string which) => which switch
    {
        "expired" => Tokens.Hs256(Claims(c => c["exp"] = Now - 3600)),
        "expired by more than the skew" => Tokens.Hs256(Claims(c => c["exp"] = Now - 31)),
        "valid later" => Tokens.Hs256(Claims(c => c["nbf"] = Now + 32)),
        "without expiry" => Tokens.Hs256(Claims(c => c.Remove("exp"))),
        "wrong secret" => Tokens.Hs256(Claims(), Tokens.Secret + "!"),
        "wrong RSA key" => Tokens.Rs256(Claims(), Tokens.OtherRsa),
        "RSA key that is for encryption" => Tokens.Rs256(Claims(), Tokens.OtherRsa, "enc"),
        "alg none" => Tokens.Signed(Tokens.Header("none"), Claims(), _ => []),
        "alg None, signature left in" => Tokens.Signed(Tokens.Header("None"), Claims(), data => HMACSHA256.HashData(Encoding.UTF8.GetBytes(Tokens.Secret), data)),
        "public key as secret" => Tokens.Signed(Tokens.Header("HS256", "rsa"), Claims(), data => HMACSHA256.HashData(Encoding.UTF8.GetBytes(Tokens.Rsa.ExportSubjectPublicKeyInfoPem()), data)),
        "shown secret of the key set" => Tokens.Signed(Tokens.Header("HS256", "oct"), Claims(), data => HMACSHA256.HashData("a secret that somebody has put on show"u8, data)),
        "HS512" => Tokens.Signed(Tokens.Header("HS512"), Claims(), data => HMACSHA512.HashData(Encoding.UTF8.GetBytes(Tokens.Secret), data)),
        "RS512" => Tokens.Signed(Tokens.Header("RS512", "rsa"), Claims(), data => Tokens.Rsa.SignData(data, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1)),
        "key in its own header" => Tokens.Signed(
            new JsonObject { ["alg"] = "RS256", ["jwk"] = new JsonObject { ["kty"] = "RSA", ["n"] = Convert.ToBase64String(Tokens.OtherRsa.ExportParameters(false).Modulus!), ["e"] = "AQAB" } },
            Claims(), data => Tokens.OtherRsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
        "claims changed" => Splice(Tokens.Hs256(Claims()), Tokens.Hs256(Claims(c => c["role"] = "moderator")), 1),
        "signature of another" => Splice(Tokens.Hs256(Claims()), Tokens.Hs256(Claims(c => c["role"] = "moderator")), 2),
        "garbage" => "garbage",
        "five parts" => "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.a.b.c.d",
        "too long" => Tokens.Hs256(Claims(c => c["name"] = new string('n', 8192))),
        "other issuer" => Tokens.Hs256(Claims(c => c["iss"] = "https://other.example")),
        "no issuer" => Tokens.Hs256(Claims(c => c.Remove("iss"))),
        "other audience" => Tokens.Hs256(Claims(c => c["aud"] = "other")),
        "other application" => Tokens.Hs256(Claims(c => c["app"] = "other")),
        "no application" => Tokens.Hs256(Claims(c => c.Remove("app"))),
        "application that is a number" => Tokens.Hs256(Claims(c => c["app"] = 7)),
        "other room" => Tokens.Hs256(Claims(c => c["room"] = "attic")),
        "impossible room" => Tokens.Hs256(Claims(c => c["room"] = "../lobby")),
        "impossible stream" => Tokens.Hs256(Claims(c => c["stream"] = "a/b")),
        "unknown role" => Tokens.Hs256(Claims(c => c["role"] = "admin")),
        "role that is a number" => Tokens.Hs256(Claims(c => c["role"] = 4)),
        "role in capitals" => Tokens.Hs256(Claims(c => c["role"] = "Moderator")),
        "long user" => Tokens.Hs256(Claims(c => c["sub"] = new string('u', 129))),
        "user with a line break" => Tokens.Hs256(Claims(c => c["sub"] = "a\nb")),
        "once without an id" => Tokens.Hs256(Claims(c => c["once"] = true)),
        _ => throw new ArgumentOutOfRangeException(nameof(which)),
    };

    [Theory, MemberData(nameof(Bad))]
    public async Task A_bad_token_is_refused_in_words_that_say_why(string which, string words)
    {
        var token = Make(which);
        var verdict = await Connect(token);
        Assert.Equal((VerdictKind.Reject, RefusalCode.InvalidCredentials), (verdict.Kind, verdict.Code));
        Assert.Contains(words, verdict.Description, StringComparison.Ordinal);
        Assert.DoesNotContain(token, verdict.Description, StringComparison.Ordinal);
        Assert.Null(verdict.Challenge);
        // Its neighbour without the fault gets in: it was that, and nothing else.
        Assert.Equal(VerdictKind.Accept, (await Connect(Tokens.Hs256(Claims()))).Kind);
    }

    public static TheoryData<string> Good => ["HS256", "RS256", "RS256 without a key id", "ES256", "expired within the skew", "valid soon", "audience among others", "any room", "no room", "application *"];

    [Theory, MemberData(nameof(Good))]
    public async Task A_good_token_lets_in_who_it_names(string which)
    {
        var token = which switch
        {
            "HS256" => Tokens.Hs256(Claims()),
            "RS256" => Tokens.Rs256(Claims()),
            "RS256 without a key id" => Tokens.Rs256(Claims(), kid: null),
            "ES256" => Tokens.Es256(Claims()),
            "expired within the skew" => Tokens.Hs256(Claims(c => c["exp"] = Now - 28)),
            "valid soon" => Tokens.Hs256(Claims(c => c["nbf"] = Now + 29)),
            "audience among others" => Tokens.Hs256(Claims(c => c["aud"] = new JsonArray("other", Tokens.Audience))),
            "any room" => Tokens.Hs256(Claims(c => c["room"] = "*")),
            "no room" => Tokens.Hs256(Claims(c => c.Remove("room"))),
            _ => Tokens.Hs256(Claims(c => c["app"] = "*")),
        };
        var verdict = await Connect(token);
        Assert.Equal((VerdictKind.Accept, new RoomKey(_application, "lobby")), (verdict.Kind, verdict.Room));
        var expected = new Identity { User = "u1", Name = "Una", Role = MemberRole.Publisher, Source = IdentitySources.Token };
        Assert.Equal(expected, verdict.Identity);
        var room = (await _cluster.Client.GetRoom(verdict.Room!.Value).Describe()).ValueOrThrow();
        Assert.Equal(expected, Assert.Single(room.Members).Identity);
    }

    [Theory, InlineData("player", MemberRole.Player), InlineData("publisher", MemberRole.Publisher), InlineData("member", MemberRole.Member),
        InlineData("moderator", MemberRole.Moderator), InlineData(null, MemberRole.Player)]
    public async Task A_token_names_a_role_and_none_is_the_least(string? named, MemberRole role) =>
        Assert.Equal(role, (await Connect(Tokens.Hs256(Claims(c => c["role"] = named)))).Identity.Role);

    [Fact]
    public async Task A_token_without_a_user_or_name_is_good()
    {
        var verdict = await Connect(Tokens.Hs256(Claims(c =>
        {
            c.Remove("sub");
            c.Remove("name");
        })));
        Assert.Equal((VerdictKind.Accept, "", "", false), (verdict.Kind, verdict.Identity.User, verdict.Identity.Name, verdict.Identity.IsKnown));
    }

    [Fact]
    public async Task A_token_that_names_a_room_gets_its_bearer_there_from_the_application()
    {
        var verdict = await Connect(Tokens.Hs256(Claims(c => c["room"] = "attic")), room: null);
        Assert.Equal((VerdictKind.Accept, "attic"), (verdict.Kind, verdict.Room?.Room));
    }

    [Fact]
    public async Task The_first_argument_of_connect_that_looks_like_a_token_is_one()
    {
        var request = Requests.New(_application) with { Arguments = ["Una", Tokens.Es256(Claims())] };
        Assert.Equal("u1", (await _cluster.Client.Admit(request)).Identity.User);
        request = Requests.New(_application) with { Arguments = ["Una", Tokens.Hs256(Claims(), "another secret that is long enough for it")] };
        Assert.Equal(RefusalCode.InvalidCredentials, (await _cluster.Client.Admit(request)).Code);
    }

    [Fact]
    public async Task A_token_that_is_good_once_is_good_for_one_connection()
    {
        var token = Tokens.Hs256(Claims(c => (c["once"], c["jti"]) = (true, "ticket-1")));
        var first = ConnectionId.New();
        Assert.Equal(RefusalCode.InvalidCredentials, (await Connect(token, "attic")).Code);
        Assert.Equal(VerdictKind.Accept, (await Connect(token, id: first)).Kind);
        var again = await Connect(token);
        Assert.Equal((VerdictKind.Reject, RefusalCode.InvalidCredentials), (again.Kind, again.Code));
        Assert.Contains("used before", again.Description, StringComparison.Ordinal);
        // The same connection shows it again, in a stream's name.
        var proof = await Prove(token, "cam", first);
        Assert.Equal("u1", proof.ValueOrThrow().Identity!.User);
        Assert.Contains("used before", (await Prove(token, "cam")).Refusal!.Message, StringComparison.Ordinal);
        // Another token of the same issuer is another one.
        Assert.Equal(VerdictKind.Accept, (await Connect(Tokens.Hs256(Claims(c => (c["once"], c["jti"]) = (true, "ticket-2"))))).Kind);
    }

    [Fact]
    public async Task Of_many_that_bring_a_token_that_is_good_once_at_the_same_time_one_gets_in()
    {
        var token = Tokens.Hs256(Claims(c => (c["once"], c["jti"]) = (true, "ticket-3")));
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Connect(token)));
        Assert.Single(verdicts, v => v.Kind == VerdictKind.Accept);
        Assert.Equal(19, verdicts.Count(v => v.Code == RefusalCode.InvalidCredentials));
    }

    [Fact]
    public async Task A_used_token_is_used_also_after_its_grain_has_forgotten()
    {
        var token = Tokens.Hs256(Claims(c => (c["once"], c["jti"]) = (true, "ticket-4")));
        Assert.Equal(VerdictKind.Accept, (await Connect(token)).Kind);
        var (grain, hash) = UsedTokensGrain.KeyOf($"{Tokens.Issuer}\nticket-4");
        var used = _cluster.Client.GetGrain<IUsedTokens>(grain);
        await _cluster.Deactivate(used);
        Assert.Contains("used before", (await Connect(token)).Description, StringComparison.Ordinal);
        // What has expired is forgotten with the next that comes: it is refused anyway.
        _cluster.Clock!.Advance(TimeSpan.FromMinutes(11));
        Assert.True((await used.Use("another", ConnectionId.New(), DateTimeOffset.MaxValue)).IsDone);
        Assert.True((await used.Use(hash, ConnectionId.New(), DateTimeOffset.MaxValue)).IsDone);
    }

    [Fact]
    public async Task Who_presents_nothing_is_refused_and_asked_for_a_password()
    {
        var verdict = await _cluster.Client.Admit(Requests.New(_application));
        Assert.Equal((VerdictKind.Reject, RefusalCode.InvalidCredentials), (verdict.Kind, verdict.Code));
        Assert.Contains("code=403 need auth; authmod=adobe ]", verdict.Challenge, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_in_a_streams_name_proves_who_publishes()
    {
        var id = ConnectionId.New();
        Assert.Equal(MemberRole.Publisher, (await Prove(Tokens.Hs256(Claims()), "cam", id)).ValueOrThrow().Identity!.Role);
        Assert.Equal(RefusalCode.InvalidCredentials, (await Prove(Tokens.Hs256(Claims(c => c["room"] = "attic")), "cam", id)).Refusal!.Code);
        Assert.Equal("cam", (await Prove(Tokens.Hs256(Claims(c => c["stream"] = "cam")), "cam", id)).ValueOrThrow().Identity!.Stream);
        Assert.Contains("another stream", (await Prove(Tokens.Hs256(Claims(c => c["stream"] = "cam")), "other", id)).Refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_trail_says_of_an_identity_holds_no_secret()
    {
        var (token, id) = (Tokens.Hs256(Claims()), ConnectionId.New());
        await Connect(token, id: id);
        var trail = (await _cluster.Client.GetPending(id).Describe()).ValueOrThrow().Trail;
        Assert.Contains(trail, line => line is { By: "identity", What: "is 'u1', publisher, by token" });
        Assert.DoesNotContain(trail, line => line.What.Contains("eyJ", StringComparison.Ordinal));
    }

    private Task<Answer<StreamProof>> Prove(string token, string stream, ConnectionId? id = null) => _cluster.Client.GetCredentials().Prove(
        id ?? ConnectionId.New(), new StreamKey(new RoomKey(_application, "lobby"), stream), new StreamCredentials { Token = token });

    private static string Splice(string token, string other, int part)
    {
        var (parts, others) = (token.Split('.'), other.Split('.'));
        parts[part] = others[part];
        return string.Join('.', parts);
    }
}
