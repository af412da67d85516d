using ReclaimNative.Concurrency;
using ReclaimNative.Memory;
using ReclaimNative.Policies;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>
    /// Writes all that the engine is: its options, what is in memory, on which lists, what policies and counters know. The format is that of
    /// docs/snapshot-format.md, versioned and with checksums.
    /// </summary>
    /// <param name="to">Where it goes, in pieces of at most 1 MiB, from where the stream stands. Not flushed, nor closed.</param>
    /// <remarks>
    /// The engine is as it was before. Operations under way, triggers for pressure, callbacks and what a policy in C keeps in memory of
    /// its own are not in it. Waits for the calls in flight and keeps others waiting; time grows with the memory that the engine has
    /// touched. Pages that are zero are left out. Allocates some kilobytes, more for many cgroups.
    /// </remarks>
    /// <exception cref="EngineException">The call comes from a callback.</exception>
    public void Save(Stream to)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(to);
        using QuiesceGate.Closure change = CloseForChange();
        var writer = new SnapshotWriter(to);
        writer.Write(SnapshotPart.Structure, StructureOf());
        _machine.WriteColumns(writer);
        writer.Write(SnapshotPart.Fields, FieldsOf());
        writer.End();
    }

    /// <summary>Builds the engine that a snapshot is of: the same calls give the same results as they would have given there.</summary>
    /// <param name="from">What <see cref="Save"/> wrote. It is read to the end of the snapshot and no further.</param>
    /// <param name="options">What is no state; null for nothing of it.</param>
    /// <remarks>Checksums tell damage and not malice: whoever can write a snapshot can make an engine that goes wrong.</remarks>
    /// <exception cref="SnapshotException">It is no snapshot, a damaged one, or one that this build can't read.</exception>
    /// <exception cref="PolicyException">One of its policies is missing, or is not what it was; the message names it.</exception>
    /// <exception cref="EngineException">Its options, together with these, are no longer accepted.</exception>
    /// <exception cref="OutOfMemoryException">The system refused the memory.</exception>
    public static Engine Restore(Stream from, CopyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(from);
        var reader = new SnapshotReader(from);
        Engine copy = Build(reader.ReadLog(SnapshotPart.Structure), options);
        try
        {
            copy._machine.ReadColumns(reader);
            copy.PutBackFields(reader.ReadLog(SnapshotPart.Fields));
            reader.ReadEnd();
            copy.LapseProposals();
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A living copy, from memory to memory, on which to try what would come of something. It shares nothing with this engine but its policies'
    /// code, and <see cref="PolicyDefinition.Instance"/> where a policy has one. This engine is as it was before.
    /// </summary>
    /// <param name="options">What the copy does not take along; null for nothing of it.</param>
    /// <remarks>As <see cref="Save"/>. Takes as much memory as the engine has touched.</remarks>
    /// <exception cref="EngineException">The call comes from a callback, or a given policy can't run in this engine.</exception>
    /// <exception cref="PolicyException">A given policy is not like the one that it stands for.</exception>
    /// <exception cref="OutOfMemoryException">The system has not as much memory to spare.</exception>
    public Engine Fork(CopyOptions? options = null)
    {
        ThrowIfDisposed();
        options ??= new CopyOptions();
        using QuiesceGate.Closure change = CloseForChange();
        StateLog structure = StructureOf();
        structure.Restore();
        PolicyDefinition[] given = [.. options.Policies];
        PolicyDefinition[] own = Array.FindAll(_host.Definitions, own => Array.TrueForAll(given, p => p.Descriptor.Name != own.Descriptor.Name));
        Engine copy = Build(structure, options with { Policies = [.. given, .. own] });
        try
        {
            copy._machine.CopyColumnsFrom(_machine);
            StateLog fields = FieldsOf();
            fields.Restore();
            copy.PutBackFields(fields);
            copy.LapseProposals();
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    private StateLog StructureOf()
    {
        var log = new StateLog();
        EngineOptions.Through(log, _options, null);
        PassStructure(log);
        return log;
    }

    private StateLog FieldsOf()
    {
        var log = new StateLog();
        PassFields(log);
        return log;
    }

    /// <summary>An engine that has what another one had, and nothing in its columns and fields yet.</summary>
    private static Engine Build(StateLog structure, CopyOptions? options)
    {
        var copy = new Engine(EngineOptions.Through(structure, null, options ?? new CopyOptions()), isCopy: true);
        try
        {
            copy.PassStructure(structure);
            structure.End();
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    private void PutBackFields(StateLog fields)
    {
        PassFields(fields);
        fields.End();
    }

    private void PassStructure(StateLog log)
    {
        _machine.PassStructure(log);
        _host.PassStructure(log);
        _pressure?.Pass(log);
        log.Pass(ref _idleAgePeriodMs);
    }

    private void PassFields(StateLog log)
    {
        PassState(log);
        _host.PassSampling(log);
        _hitCount = log.Through(_hitCount, 0, HitCapacity, "hits that are to be handed over");
        for (int i = 0; i < _hitCount; i++)
            log.Pass(ref _hits[i]);
    }
}
