using System.CommandLine;
using RoomGrains.Hosting;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl tokens …</c>: signed here, without asking a node. Your own site makes them in the same way.</summary>
internal static class TokensCommands
{
    private const string SecretKey = "Identity:Secret";
    private const string CreateExample = "roomctl tokens create chat/lobby --role moderator --user anna --expires 1h";

    private static readonly Option<string> Config = NodeSetting.ConfigOption(SecretKey);

    public static Command Create(RoomCtl roomctl) => new DocumentedCommand(
        "tokens",
        $"Make tokens by which people say who they are, for trying it out. They are signed with the cluster's {SecretKey}, from {NodeSetting.Variable(SecretKey)} or a node's settings file: an argument could be read by every user of the machine.",
        CreateExample)
    {
        Config, CreateToken(roomctl),
    };

    private static Command CreateToken(RoomCtl roomctl)
    {
        var place = new Argument<Place>("APPLICATION[/ROOM]") { Description = "Where it is good: in this room, or in every room of the application.", CustomParser = Values.Place };
        var role = new Option<string>("--role") { Description = "What its bearer may do.", HelpName = "player|publisher|member|moderator", DefaultValueFactory = _ => "member" };
        role.AcceptOnlyFromAmong("player", "publisher", "member", "moderator");
        var user = new Option<string>("--user") { Description = "Who its bearer is; nobody knows when left out.", HelpName = "USER" };
        var name = new Option<string>("--name") { Description = "The user's name for people.", HelpName = "TEXT" };
        var stream = new Option<string>("--stream") { Description = "The only stream that it is good for; any when left out.", HelpName = "NAME" };
        var expires = new Option<TimeSpan>("--expires")
        {
            Description = $"How long it is good: {Hosting.Duration.Rule}.", HelpName = "DURATION", CustomParser = Values.Duration, DefaultValueFactory = _ => TimeSpan.FromHours(1),
        };
        var once = new Option<bool>("--once") { Description = "It is good for one connection." };
        return roomctl.Acts(
            new DocumentedCommand("create", "Make a token. Give it as ?token=… behind the room or the stream.", CreateExample,
                "roomctl tokens create chat --role publisher --user anna --stream anna --once --config roomgrains.json") { place, role, user, name, stream, expires, once },
            (parsed, environment, output, _) =>
            {
                var secret = Find(SecretKey) ?? throw new UsageException($"which secret? Set {NodeSetting.Variable(SecretKey)}, or name a node's settings file that has {SecretKey} with --config.");
                if (secret.Length < TokenSigner.LeastSecret)
                    throw new UsageException($"{SecretKey} is too short: it has at least {TokenSigner.LeastSecret} characters.");
                var (where, end) = (parsed.GetRequiredValue(place), TimeProvider.System.GetUtcNow() + parsed.GetValue(expires));
                var token = new TokenSigner(secret).Sign(new TokenContent
                {
                    Application = where.Application,
                    Room = where.Room ?? "",
                    Role = Enum.Parse<MemberRole>(parsed.GetValue(role)!, ignoreCase: true),
                    User = parsed.GetValue(user) ?? "",
                    Name = parsed.GetValue(name) ?? "",
                    Stream = parsed.GetValue(stream) ?? "",
                    Expires = end,
                    Once = parsed.GetValue(once),
                    Issuer = Find("Identity:Issuer") ?? "",
                    Audience = Find("Identity:Audience") ?? "",
                });
                output.Write(new TokenView(token, end), IdentityViews.Default.TokenView, text => text.Line(token));
                return Task.CompletedTask;

                string? Find(string key) => NodeSetting.Find(key, parsed, Config, environment);
            });
    }
}
