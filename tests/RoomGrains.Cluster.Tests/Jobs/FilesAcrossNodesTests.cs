using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Jobs;

/// <summary>What jobs have written on one node, asked for on each.</summary>
public sealed class FilesAcrossNodesTests(SourceFile source)
{
    [Fact]
    public async Task Hls_and_recordings_are_fetched_from_any_node()
    {
        var cancel = TestLimit.Token();
        await using var cluster = await ClusterProcesses.StartAsync(2);
        var grains = (await cluster.ConnectAsync()).Grains;
        await grains.UntilWorkers(2, cancel);
        var stream = new StreamKey(new RoomKey("chat", "lobby"), "alice");
        await using var publisher = RunningProgram.Start("ffmpeg", ["-v", "info", "-re", "-stream_loop", "-1", "-i", source.Path, "-c", "copy", "-f", "flv", cluster["n1"].Rtmp($"{stream}")]);
        await grains.UntilRoom(stream.Room, details => details.Streams.Length == 1, cancel);
        var (record, hls) = (await grains.StartJobAsync("record", stream), await grains.StartJobAsync("hls", stream, ("mode", "event")));
        var running = await grains.JobAsync(hls.Id, details => details.Summary is { State: MediaJobState.Running, Progress.MediaTime.TotalSeconds: > 3 }, cancel);
        await grains.JobAsync(record.Id, details => details.Summary is { State: MediaJobState.Running, Progress.MediaTime.TotalSeconds: > 3 }, cancel);
        Assert.True((await grains.GetMediaJob(record.Id).Stop("the test")).IsDone);
        var recording = Assert.Single((await grains.JobAsync(record.Id, details => details.Summary.IsOver, cancel)).Parts);
        var link = (await grains.GetRecordings("chat").Link(record.Id, recording.Part, TimeSpan.FromHours(1))).ValueOrThrow();

        // It follows redirects, and leaves the admin token behind when it does.
        using var http = new HttpClient();
        foreach (var node in cluster.Running)
        {
            using var playlist = await FetchAsync(node, running.Summary.Path);
            Assert.Equal(cluster[running.Summary.Node].HttpPort, playlist.RequestMessage!.RequestUri!.Port);
            var variant = await http.GetStringAsync(new Uri(playlist.RequestMessage.RequestUri, LineOf(await playlist.Content.ReadAsStringAsync(cancel))), cancel);
            Assert.StartsWith("#EXTM3U", variant, StringComparison.Ordinal);

            using var whole = await FetchAsync(node, link);
            Assert.Equal(recording.Sha256, Convert.ToHexStringLower(SHA256.HashData(await whole.Content.ReadAsByteArrayAsync(cancel))));
            using var request = new HttpRequestMessage(HttpMethod.Get, node.Http(recording.Path)) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", node.AdminToken) } };
            using var admin = await http.SendAsync(request, cancel);
            Assert.Equal((HttpStatusCode.OK, recording.Bytes), (admin.StatusCode, admin.Content.Headers.ContentLength));
        }

        // Nobody has what a node had that is down.
        var (gone, left) = recording.Node == "n1" ? ("n1", "n2") : ("n2", "n1");
        await cluster.KillAsync(gone);
        await Until.True(SaysGoneAsync, cancel);

        async Task<bool> SaysGoneAsync()
        {
            try
            {
                using var answer = await http.GetAsync(cluster[left].Http(link), cancel);
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable && (await answer.Content.ReadAsStringAsync(cancel)).Contains($"node {gone}", StringComparison.Ordinal);
            }
            catch (HttpRequestException)
            {
                // It was sent on to the one that is down: the cluster has not noticed yet.
                return false;
            }
        }

        // What a node knows of jobs is up to a second old.
        async Task<HttpResponseMessage> FetchAsync(NodeProcess node, string path)
        {
            while (true)
            {
                var response = await http.GetAsync(node.Http(path), cancel);
                if (response.StatusCode == HttpStatusCode.OK)
                    return response;
                response.Dispose();
                await Task.Delay(100, cancel);
            }
        }
    }

    private static string LineOf(string playlist) => playlist.Split('\n').Last(line => line.Length > 0 && line[0] != '#').Trim();
}
