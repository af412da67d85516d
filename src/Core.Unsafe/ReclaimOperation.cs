using ReclaimNative.Policies;

namespace ReclaimNative;

/// <summary>
/// A proactive request that is carried out step by step, by whoever calls <see cref="Step"/>: the engine starts no thread, and its owner does
/// other things between two steps. Several may be under way at once.
/// </summary>
/// <remarks>
/// Steps of one operation belong to one thread at a time; in an engine for many threads they run beside everything else.
/// <see cref="Cancel"/> may come from any thread, and from a <see cref="Completed"/> or a callback of the backing.
/// </remarks>
public sealed class ReclaimOperation
{
    private readonly Engine _engine;
    private readonly ReclaimRun _run;
    private int _isStepping;
    private bool _isTold;

    internal ReclaimOperation(Engine engine, ReclaimRun run)
    {
        _engine = engine;
        _run = run;
    }

    /// <summary>Told once, at the end of the step that ends it, on that step's thread; <see cref="ReclaimResult.Stop"/> says why.</summary>
    public event Action<ReclaimResult>? Completed;

    /// <summary>What was asked for.</summary>
    public ReclaimRequest Request => _run.Request;

    /// <summary>It has ended; further steps do nothing.</summary>
    public bool IsCompleted => _run.IsOver;

    /// <summary>What has become of it so far, between two steps; in the end its result.</summary>
    public ReclaimResult Result => _run.ToResult();

    /// <summary>Makes one attempt, at no more than <see cref="ReclaimRequest.BatchPages"/> pages.</summary>
    /// <returns>Whether there is more to do.</returns>
    /// <exception cref="EngineException">Another thread is at a step of it, or the engine is waiting for an answer of its backing.</exception>
    public bool Step()
    {
        if (Interlocked.Exchange(ref _isStepping, 1) != 0)
            throw new EngineException("Another thread is at a step of this request; the steps of one request come one after the other.");
        try
        {
            if (!_run.IsOver)
                _engine.Step(_run);
        }
        finally
        {
            Volatile.Write(ref _isStepping, 0);
        }

        if (!_run.IsOver)
            return true;
        if (!_isTold)
        {
            _isTold = true;
            Completed?.Invoke(_run.ToResult());
        }

        return false;
    }

    /// <summary>Ends it after the batch of at most 64 pages that is being worked off, or with the next step.</summary>
    public void Cancel() => _run.Cancel();
}
