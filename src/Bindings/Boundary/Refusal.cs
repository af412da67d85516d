namespace ReclaimNative.Bindings.Boundary;

/// <summary>Ends a call with a status and a sentence for reclaim_last_error; caught at the export.</summary>
internal sealed class Refusal(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}
