using System.Diagnostics;

namespace ReclaimNative.Lab.Traces;

/// <summary>
/// The output of a running <see cref="UnpackTool"/>, fed from a trace by a task of its own. The end is reported only after the program
/// has said that all went well: a corrupt archive is an error and never a short trace.
/// </summary>
internal sealed class UnpackingStream : ForwardStream
{
    private readonly Process _process;
    private readonly UnpackTool _tool;
    private readonly ByteSource _packed;
    private readonly Stream _input;
    private readonly Stream _output;
    private readonly Task<string> _complaints;
    private volatile TraceException? _readError;

    internal UnpackingStream(Process process, UnpackTool tool, ByteSource packed)
    {
        _process = process;
        _tool = tool;
        _packed = packed;
        _input = process.StandardInput.BaseStream;
        _output = process.StandardOutput.BaseStream;
        _complaints = process.StandardError.ReadToEndAsync();
        _ = Task.Run(Feed);
    }

    public override int Read(Span<byte> buffer)
    {
        int read = _output.Read(buffer);
        if (read == 0)
            CheckEnd();
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (!_process.HasExited)
                _process.Kill();
            _output.Dispose();
            _process.Dispose();
            _packed.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Feed()
    {
        using (_input)
        {
            try
            {
                new RestOfSource(_packed).CopyTo(_input);
            }
            catch (TraceException e)
            {
                // Kept before the program sees the end of its input, so that this is what the reader reports.
                _readError = e;
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The program has ended early and its exit code says why, or nobody reads on.
            }
        }
    }

    private void CheckEnd()
    {
        if (_readError is { } error)
            throw new TraceException(error.Message, error);
        _process.WaitForExit();
        if (_process.ExitCode == 0)
            return;
        string complaint = _complaints.GetAwaiter().GetResult().Trim();
        throw new TraceException($"{_packed.Name}: is corrupt or cut short: {_tool.Name} ended with code {_process.ExitCode}"
            + (complaint.Length == 0 ? "" : $" ({complaint.Split('\n')[^1].Trim()})"));
    }
}
