using System.Buffers;
using RoomGrains.Rtmp.Flv;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

[assembly: AssemblyFixture(typeof(RoomGrains.Load.Tests.Clip))]

namespace RoomGrains.Load.Tests;

/// <summary>An FLV to publish: two seconds of video at 25 frames a second, a key frame each second, and audio; small frames.</summary>
public sealed class Clip : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("roomgrains-load-");

    public Clip() => File.WriteAllBytes(Path, Bytes());

    /// <summary>The file.</summary>
    public string Path => System.IO.Path.Combine(_folder.FullName, "clip.flv");

    /// <summary>A file's bytes.</summary>
    /// <param name="firstTime">The timestamp of its first frame.</param>
    public static byte[] Bytes(uint firstTime = 0)
    {
        var output = new ArrayBufferWriter<byte>();
        FlvWriter.WriteHeader(output, new FlvHeader(HasAudio: true, HasVideo: true));
        FlvWriter.WriteTag(output, MessageType.DataAmf0, 0, Words.Metadata(176));
        FlvWriter.WriteTag(output, MessageType.Video, firstTime, Words.Message("VH1").Payload);
        FlvWriter.WriteTag(output, MessageType.Audio, firstTime, Words.Message("AH1").Payload);
        for (uint frame = 0, audio = 0; frame < 50; frame++)
        {
            FlvWriter.WriteTag(output, MessageType.Video, firstTime + frame * 40, Frame(frame % 25 == 0 ? "K" : "I", frame, frame % 25 == 0 ? 800 : 200));
            for (; audio * 25 < (frame + 1) * 40; audio++)
                FlvWriter.WriteTag(output, MessageType.Audio, firstTime + audio * 25, Frame("A", audio, 60));
        }
        return output.WrittenSpan.ToArray();
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static byte[] Frame(string kind, uint number, int length)
    {
        var payload = Words.Message($"{kind}{number}").Payload;
        Array.Resize(ref payload, length);
        return payload;
    }
}
