namespace ReclaimNative.Policies;

/// <summary>
/// First in, first out: pages are evicted in the order in which they came, whatever was used since. Every operation is
/// the contract's default, so this file is also the smallest policy there is.
/// </summary>
public readonly struct FifoPolicy : IReclaimPolicy
{
    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "fifo",
        Summary = "evicts in the order of arrival",
        Flags = PolicyFlags.IgnoresReferences | PolicyFlags.Concurrent,
    };
}
