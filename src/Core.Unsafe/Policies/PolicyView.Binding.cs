using System.Diagnostics.CodeAnalysis;
using ReclaimNative.Frames;

namespace ReclaimNative.Policies;

public sealed unsafe partial class PolicyView
{
    /// <summary>What a policy keeps in the flags of a folio that means nothing to another.</summary>
    private const FolioFlags OwnMarks = FolioFlags.GenerationMask | FolioFlags.RefsMask | FolioFlags.Young;

    /// <summary>From now on the caretaker answers, wherever the pages are. The policy stays bound until another can take over.</summary>
    internal void TakeCare() => Ops = PolicyAdapter<CaretakerPolicy>.Ops;

    /// <summary>Hands an empty lruvec with zeroed state to a policy.</summary>
    [MemberNotNull(nameof(Definition), nameof(Ops))]
    internal void Bind(PolicyDefinition definition)
    {
        Definition = definition;
        Version = definition.Version;
        Tag = _host.TagOf(definition);
        _listCount = definition.Descriptor.Lists;
        _stateBytes = definition.Descriptor.StateBytes;
        _words = definition.Descriptor.WordsPerPage;
        _fuel = definition.Descriptor.Fuel;
        Foreign?.Dispose();
        Foreign = definition.Source is { } source ? new ForeignBinding(_host.ForeignAt(_lruvec.Index), this, source, _machine) : null;
        Ops = definition.Ops;
        _host.ProgressFile?.Name(_lruvec.Index, definition.Name, _lruvec.Memcg.Path, _lruvec.Node.Id);
        if (_host.RecordOf(Tag).IsEjected)
            TakeCare();
    }

    /// <summary>Folios of a list that exists, whoever asks.</summary>
    internal long CountUnguarded(int list) => _lists.Count(_lruvec.Lists, list);

    /// <summary>Folios on all lists.</summary>
    internal long OnLists()
    {
        long sum = 0;
        for (int list = 0; list < _listCount; list++)
            sum += CountUnguarded(list);
        return sum;
    }

    /// <summary>
    /// Takes every folio off the lists in the order in which the policy would give them up, and wipes all that it kept. For a thread that
    /// is alone in the engine.
    /// </summary>
    /// <param name="pfns">Room for <see cref="OnLists"/> of them.</param>
    /// <param name="asks">The policy is asked for its order and told of what leaves it; false for one that was ejected.</param>
    /// <returns>How many.</returns>
    internal long TakeAll(uint* pfns, bool asks)
    {
        Span<int> lists = stackalloc int[_listCount];
        ColdestFirst(lists, asks);
        long count = 0;
        foreach (int list in lists)
        {
            while (_lists.Tail(_lruvec.Lists, list) is var pfn && pfn != None)
            {
                if (asks)
                    Ops.Remove(this, pfn, RemoveReason.Rebound);
                Unlink(pfn);
                _frames.Clear(pfn, OwnMarks);
                new Span<uint>(_machine.PolicyWords + (nuint)pfn * (nuint)_machine.PolicyWordCount, _machine.PolicyWordCount).Clear();
                pfns[count++] = pfn;
            }
        }

        if (asks)
            Ops.LruvecOffline(this);
        new Span<byte>(_lruvec.State, _stateBytes).Clear();
        _machine.Orders?.Clear(_lruvec.Index);
        return count;
    }

    /// <summary>Every list once: as the policy says, then those that it did not name or named wrongly.</summary>
    private void ColdestFirst(Span<int> lists, bool asks)
    {
        Span<int> named = stackalloc int[lists.Length];
        int count = asks ? Ops.ColdestFirst(this, named) : 0;
        ulong seen = 0;
        int at = 0;
        for (int i = 0; i < Math.Clamp(count, 0, named.Length); i++)
        {
            if (unchecked((uint)named[i]) >= (uint)lists.Length || (seen & (1UL << named[i])) != 0)
            {
                Refuse(PolicyOverride.BadAnswer);
                continue;
            }

            seen |= 1UL << named[i];
            lists[at++] = named[i];
        }

        for (int list = 0; list < lists.Length; list++)
        {
            if ((seen & (1UL << list)) == 0)
                lists[at++] = list;
        }
    }
}
