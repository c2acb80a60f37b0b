using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Rtmp.Client;

/// <summary>The server said no to a command: to connect, publish, play or another call.</summary>
public sealed class RtmpRejectedException : Exception
{
    internal RtmpRejectedException(string command, CommandMessage answer)
        : this(command, Array.Find([.. answer.Arguments, answer.CommandObject], value => value["code"].AsString() is not null))
    {
    }

    private RtmpRejectedException(string command, AmfValue information)
        : base($"The server refused {command}: {information["code"].AsString() ?? "no code"}, {information["description"].AsString() ?? "no description"}")
    {
        Command = command;
        Information = information;
        Code = information["code"].AsString() ?? "";
        Description = information["description"].AsString() ?? "";
        var redirect = information["ex"];
        RedirectUrl = redirect["redirect"].AsString() ?? redirect["redirect2"].AsString();
    }

    /// <summary>The command that was refused.</summary>
    public string Command { get; }

    /// <summary>The code, for example <c>NetConnection.Connect.Rejected</c>; empty if the server gave none.</summary>
    public string Code { get; }

    /// <summary>The server's words; empty if it gave none.</summary>
    public string Description { get; }

    /// <summary>
    /// Where the server sends the client instead: <c>ex.redirect</c>, the URL up to the room, or SRS' <c>ex.redirect2</c>, the URL with the
    /// stream, if there is only that. It is the server's claim: check scheme and host before connecting to it, and count how often.
    /// </summary>
    public string? RedirectUrl { get; }

    /// <summary>The whole information object.</summary>
    public AmfValue Information { get; }
}
