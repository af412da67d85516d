namespace ReclaimNative.Policies;

/// <summary>What a watcher reads of a thread that is in a policy.</summary>
internal struct PolicyMark
{
    private const int Tries = 4;

    /// <summary>As <see cref="PolicyCall.PlaceOf"/> has it; 0 when no operation is running.</summary>
    public long Place;

    /// <summary>Operations that were sampled.</summary>
    public long Samples;

    /// <summary>Operations until one is sampled; 0 where nobody has written yet.</summary>
    public int UntilSample;

    /// <summary>Number of the operation that runs, or ran last.</summary>
    public readonly long Calls => Samples * PolicyView.SampleStride + PolicyView.SampleStride - UntilSample;

    /// <summary>Reads a mark that somebody else is writing.</summary>
    /// <remarks>
    /// The writer orders nothing, since it writes on every operation. While operations go by, place and number may be those of two
    /// of them, which does no harm: the next look sees another number. Of an operation that does not return both have long been
    /// written when a watcher makes something of them.
    /// </remarks>
    public static unsafe PolicyMark Look(PolicyMark* at)
    {
        PolicyMark seen = default;
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            seen.Samples = Volatile.Read(ref at->Samples);
            seen.UntilSample = Volatile.Read(ref at->UntilSample);
            seen.Place = Volatile.Read(ref at->Place);
            if (Volatile.Read(ref at->UntilSample) == seen.UntilSample && Volatile.Read(ref at->Samples) == seen.Samples)
                break;
        }

        return seen;
    }
}
