namespace ReclaimNative.Machine;

/// <summary>
/// The time in which the engine has called its owner (a backing, a sink of events) and waits for it to return: a call of the owner's into the
/// same engine from there would meet it half changed, and is refused.
/// </summary>
internal readonly ref struct OwnerCall
{
    [ThreadStatic]
    private static MachineState? _of;

    private readonly MachineState? _before;

    public OwnerCall(MachineState machine)
    {
        _before = _of;
        _of = machine;
    }

    /// <summary>Whether this thread stands in a call of a machine's engine to its owner.</summary>
    public static bool IsUnderWay(MachineState machine) => ReferenceEquals(_of, machine);

    public void Dispose() => _of = _before;
}
