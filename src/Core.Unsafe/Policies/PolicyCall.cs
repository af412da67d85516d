using System.Runtime.CompilerServices;
using ReclaimNative.Memory;

namespace ReclaimNative.Policies;

/// <summary>
/// What a thread is doing inside a policy: one for each engine that one thread drives, one for each thread of the others. The
/// guard around each operation writes it; helpers spend its fuel.
/// </summary>
/// <remarks>
/// What a watcher reads lies in memory that does not move: in an array of its own, or in a file that another process has mapped
/// as well and that outlives this one.
/// </remarks>
internal sealed unsafe class PolicyCall
{
    /// <summary>Nobody else is to blame for what happens in the call: the policy of its lruvec is.</summary>
    public const int ItsOwn = -1;

    private const int OperationBits = 8;
    private const int EngineShift = 40;
    private const int EngineMask = (1 << 23) - 1;
    private const int CacheLine = 64;

    private static int _engines;

    private readonly byte[]? _own;
    private readonly PolicyMark* _mark;

    /// <summary>Helper calls that the running operation may still make; negative when it asked for more.</summary>
    public long Fuel;

    /// <summary>The policy to blame where it is not the lruvec's own, by its tag; else <see cref="ItsOwn"/>.</summary>
    public int Blamed = ItsOwn;

    /// <summary>
    /// The folio that the core has the policy place, until it is placed. The only one that may be put on a list: others are
    /// isolated as well, and a reclaimer relies on what it has isolated staying so.
    /// </summary>
    public uint Placing = PolicyView.None;

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

    /// <param name="file">Where another process reads along, or null.</param>
    public PolicyCall(PolicyProgressFile? file = null)
    {
        // Pinned, and alone on its cache lines: a watcher that reads now and then costs those who write nothing else.
        _own = file is null ? GC.AllocateArray<byte>(3 * CacheLine, pinned: true) : null;
        _mark = file is null ? (PolicyMark*)Unsafe.AsPointer(ref _own![CacheLine]) : file.Mark;
        *_mark = new PolicyMark { UntilSample = PolicyView.SampleStride };
    }

    /// <summary>The running operation and the lruvec that it runs for, as <see cref="PlaceOf"/> has them. A watcher reads it from another thread.</summary>
    public long Place
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _mark->Place;
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _mark->Place = value;
    }

    /// <summary>Operations that were sampled.</summary>
    public long Samples
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _mark->Samples;
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _mark->Samples = value;
    }

    /// <summary>Operations until one is sampled.</summary>
    public int UntilSample
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _mark->UntilSample;
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _mark->UntilSample = value;
    }

    /// <summary>
    /// Number of the operation that runs, or ran last. A watcher that sees it stand still while one is running knows that it does not return.
    /// </summary>
    public long Calls => _mark->Calls;

    public PolicyOperation Operation => OperationAt(Place);

    /// <summary>When the next operation is sampled; what is forgiven on a thread is forgiven anew elsewhere.</summary>
    public void Pass(StateLog log)
    {
        log.Pass(ref _mark->Samples);
        log.Pass(ref _mark->UntilSample);
    }

    /// <summary>A number for a new engine, for <see cref="PlaceOf"/>: 1 to 2^23 - 1, then from the start again.</summary>
    public static int NextEngine() => (int)((uint)(Interlocked.Increment(ref _engines) - 1) % EngineMask) + 1;

    public static PolicyOperation OperationAt(long place) => (PolicyOperation)(place & ((1 << OperationBits) - 1));

    public static int LruvecAt(long place) => (int)(uint)(place >> OperationBits);

    public static int EngineAt(long place) => (int)(place >> EngineShift);

    /// <summary>An operation on a lruvec of an engine as one number; 0 is none.</summary>
    public static long PlaceOf(PolicyOperation operation, int lruvec, int engine) =>
        (long)engine << EngineShift | (long)lruvec << OperationBits | (long)operation;

    /// <summary>The place and the number of the running operation, for another thread: both of one moment, unless operations follow each other fast.</summary>
    public PolicyMark Look() => PolicyMark.Look(_mark);
}
