namespace ReclaimNative.Policies;

/// <summary>
/// What a thread is doing inside a policy: one for each engine that one thread drives, one for each thread of the others. The
/// guard around each operation writes it; helpers spend its fuel.
/// </summary>
internal sealed class PolicyCall
{
    /// <summary>Nobody else is to blame for what happens in the call: the policy of its lruvec is.</summary>
    public const int ItsOwn = -1;

    private const int OperationBits = 8;

    /// <summary>The running operation and the lruvec that it runs for, as <see cref="PlaceOf"/> has them. A watcher reads it from another thread.</summary>
    public long Place;

    /// <summary>Helper calls that the running operation may still make; negative when it asked for more.</summary>
    public long Fuel;

    /// <summary>The policy to blame where it is not the lruvec's own, by its tag; else <see cref="ItsOwn"/>.</summary>
    public int Blamed = ItsOwn;

    /// <summary>
    /// The folio that the core has the policy place, until it is placed. The only one that may be put on a list: others are
    /// isolated as well, and a reclaimer relies on what it has isolated staying so.
    /// </summary>
    public uint Placing = PolicyView.None;

    /// <summary>Operations that were sampled.</summary>
    public long Samples;

    /// <summary>Operations until one is sampled.</summary>
    public int UntilSample = PolicyView.SampleStride;

    /// <summary>The running operation is one whose memory and time are measured.</summary>
    public bool IsSampled;

    /// <summary>
    /// Operations, a bit each, that were found allocating or slow once on this thread: what the runtime does when code first runs is forgiven.
    /// </summary>
    public uint Forgiven;

    /// <summary>Bytes that the thread had allocated when the sampled operation began.</summary>
    public long AllocatedBefore;

    /// <summary>The thread's CPU time then, in nanoseconds.</summary>
    public long CpuBefore;

    /// <summary>
    /// Number of the operation that runs, or ran last. A watcher that sees it stand still while one is running knows that it does not return.
    /// </summary>
    public long Calls => Samples * PolicyView.SampleStride + PolicyView.SampleStride - UntilSample;

    public PolicyOperation Operation => OperationAt(Place);

    public static PolicyOperation OperationAt(long place) => (PolicyOperation)(place & ((1 << OperationBits) - 1));

    /// <summary>An operation on a lruvec as one number; 0 is none.</summary>
    public static long PlaceOf(PolicyOperation operation, int lruvec) => (long)lruvec << OperationBits | (long)operation;
}
