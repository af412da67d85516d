using ReclaimNative.Machine;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// Pre-order walk over a cgroup and everything below it. A private walk visits all of it; a shared one continues where
/// the previous reclaimer stopped and ends at the end of the round, so that several reclaimers take turns fairly.
/// Source: kernel-reclaim reference 4.1.
/// </summary>
internal struct MemcgWalk
{
    private readonly MemoryCgroup _root;
    private readonly WalkCookie? _cookie;
    private readonly ulong _generation;
    private MemoryCgroup? _position;
    private bool _started;

    /// <summary>A walk from <paramref name="root"/>: shared when <paramref name="cookie"/> is given, else private.</summary>
    public MemcgWalk(MemoryCgroup root, WalkCookie? cookie)
    {
        _root = root;
        _cookie = cookie;
        _generation = cookie?.Generation ?? 0;
        _position = null;
        _started = false;
    }

    /// <summary>The next cgroup, or false at the end of the walk.</summary>
    public bool MoveNext(out MemoryCgroup memcg)
    {
        memcg = _root;
        if (_cookie is null)
        {
            MemoryCgroup? next = _started ? Successor(_position!) : _root;
            _started = true;
            _position = next;
            if (next is null)
                return false;
            memcg = next;
            return true;
        }

        if (_started && _cookie.Generation != _generation)
            return false;
        MemoryCgroup? successor = _cookie.Position is { } position && _root.Contains(position) ? Successor(position) : _root;
        if (successor is null)
        {
            _cookie.Position = null;
            _cookie.Generation++;
            if (_started)
                return false;

            // The first call of a reclaimer sees at least one cgroup: it starts the next round itself.
            successor = _root;
            _cookie.Position = _root;
            this = new MemcgWalk(_root, _cookie) { _started = true };
            memcg = successor;
            return true;
        }

        _started = true;
        _cookie.Position = successor;
        memcg = successor;
        return true;
    }

    private readonly MemoryCgroup? Successor(MemoryCgroup of)
    {
        if (of.Below.Length > 0)
            return of.Below[0];
        MemoryCgroup at = of;
        while (!ReferenceEquals(at, _root))
        {
            MemoryCgroup parent = at.Parent!;
            ReadOnlySpan<MemoryCgroup> siblings = parent.Below;
            for (int i = 0; i + 1 < siblings.Length; i++)
            {
                if (ReferenceEquals(siblings[i], at))
                    return siblings[i + 1];
            }

            at = parent;
        }

        return null;
    }
}
