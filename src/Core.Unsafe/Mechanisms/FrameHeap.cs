using System.Diagnostics;
using ReclaimNative.Frames;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// A priority queue over frames: a pairing heap whose links lie in the words that a policy keeps for each frame. For
/// policies that evict the page with the least of something.
/// </summary>
/// <remarks>
/// <para>
/// M. L. Fredman, R. Sedgewick, D. D. Sleator, R. E. Tarjan, "The Pairing Heap: A New Form of Self-Adjusting Heap",
/// Algorithmica 1, 1986, pp. 111-129. A tree in which no node has a key below its parent's. To insert is to link the new
/// node with the root; to remove is to link the children of the removed node in pairs, then the pairs from right to left.
/// </para>
/// <para>
/// <see cref="Minimum"/> and <see cref="Insert"/> are O(1), <see cref="Remove"/> is O(log n) amortised: one removal can visit
/// every child of a node, which so many inserts have paid for. No recursion: the pairs of a removal are chained through the nodes
/// themselves. Nothing is allocated. Which of two equal keys comes first is not said: put a number that differs into the low bits.
/// </para>
/// <para>
/// Zeroed state is an empty heap. Links are frame numbers plus one. A key stays readable after its frame was removed, and
/// moves along when the frame's words are copied. For engines that one thread drives.
/// </para>
/// </remarks>
internal readonly unsafe ref struct FrameHeap
{
    /// <summary>Words of a frame that the heap uses.</summary>
    public const int Words = 5;

    private readonly uint* _words;
    private readonly nuint _stride;
    private readonly ref uint _root;

    /// <param name="words">The first word that the heap uses of frame 0.</param>
    /// <param name="stride">Words from one frame to the next.</param>
    /// <param name="root">Where the heap begins: 0 while it is empty.</param>
    public FrameHeap(uint* words, int stride, ref uint root)
    {
        Debug.Assert(stride >= Words, "too few words for the heap's nodes");
        _words = words;
        _stride = (nuint)stride;
        _root = ref root;
    }

    /// <summary>The frame with the least key, or <see cref="FrameTable.NoFrame"/> when there is none.</summary>
    public uint Minimum => unchecked(_root - 1);

    /// <summary>The key that a frame was last inserted with.</summary>
    public ulong KeyOf(uint pfn) => NodeAt(pfn + 1)->Key;

    /// <summary>Makes the key 0 that a frame has kept which is not in the heap any more.</summary>
    public void ForgetKey(uint pfn) => *NodeAt(pfn + 1) = default;

    /// <summary>Adds a frame that is not on it.</summary>
    public void Insert(uint pfn, ulong key)
    {
        uint at = pfn + 1;
        *NodeAt(at) = new HeapNode { KeyLow = (uint)key, KeyHigh = (uint)(key >> 32) };
        _root = _root == 0 ? at : Link(_root, at);
    }

    /// <summary>Takes a frame off that is on it.</summary>
    public void Remove(uint pfn)
    {
        uint at = pfn + 1;
        HeapNode* node = NodeAt(at);
        Debug.Assert(at == _root || node->Previous != 0, "a frame that is on no heap");
        uint rest = LinkAll(node->Child);
        if (at == _root)
        {
            _root = rest;
        }
        else
        {
            Cut(at, node);
            if (rest != 0)
                _root = Link(_root, rest);
        }

        node->Child = node->Next = node->Previous = 0;
    }

    /// <summary>
    /// Inspection: the first thing wrong with a heap that should have <paramref name="count"/> frames, or null. O(n), and allocates.
    /// </summary>
    public string? FindProblem(long count)
    {
        long found = 0;
        var parents = new Stack<uint>();
        if (_root != 0)
        {
            found++;
            parents.Push(_root);
        }

        while (parents.TryPop(out uint parent))
        {
            uint previous = parent;
            for (uint at = NodeAt(parent)->Child; at != 0; at = NodeAt(at)->Next)
            {
                if (++found > count)
                    return $"the heap has more than the {count} frames that it should have";
                if (NodeAt(at)->Previous != previous)
                    return $"frame {at - 1} of the heap does not point back to {previous - 1}";
                if (NodeAt(at)->Key < NodeAt(parent)->Key)
                    return $"frame {at - 1} has a lower key than its parent {parent - 1} in the heap";
                parents.Push(at);
                previous = at;
            }
        }

        return found == count ? null : $"the heap has {found} frames and should have {count}";
    }

    /// <summary>The node with the greater key becomes the first child of the other, which is returned; its own siblings are the caller's.</summary>
    private uint Link(uint a, uint b)
    {
        HeapNode* above = NodeAt(a);
        HeapNode* below = NodeAt(b);
        if (below->Key < above->Key)
        {
            (a, b) = (b, a);
            HeapNode* swap = above;
            above = below;
            below = swap;
        }

        below->Previous = a;
        below->Next = above->Child;
        if (above->Child != 0)
            NodeAt(above->Child)->Previous = b;
        above->Child = b;
        return a;
    }

    /// <summary>Makes one tree of a node and its younger siblings: in pairs from left to right, then the pairs from right to left.</summary>
    private uint LinkAll(uint first)
    {
        uint pairs = 0;
        while (first != 0)
        {
            uint pair = first;
            uint second = NodeAt(first)->Next;
            first = 0;
            if (second != 0)
            {
                first = NodeAt(second)->Next;
                pair = Link(pair, second);
            }

            NodeAt(pair)->Next = pairs;
            pairs = pair;
        }

        uint tree = pairs;
        if (tree == 0)
            return 0;
        pairs = NodeAt(tree)->Next;
        while (pairs != 0)
        {
            uint next = NodeAt(pairs)->Next;
            tree = Link(tree, pairs);
            pairs = next;
        }

        NodeAt(tree)->Next = NodeAt(tree)->Previous = 0;
        return tree;
    }

    /// <summary>Takes a node, with what is below it, out from among its siblings.</summary>
    private void Cut(uint at, HeapNode* node)
    {
        HeapNode* previous = NodeAt(node->Previous);
        if (previous->Child == at)
            previous->Child = node->Next;
        else
            previous->Next = node->Next;
        if (node->Next != 0)
            NodeAt(node->Next)->Previous = node->Previous;
    }

    private HeapNode* NodeAt(uint at) => (HeapNode*)(_words + (nuint)(at - 1) * _stride);

    /// <summary>The key is in halves so that a node needs no more than the alignment of a word.</summary>
    private struct HeapNode
    {
        public uint Child;

        /// <summary>The next younger sibling.</summary>
        public uint Next;

        /// <summary>The sibling before it, or of a first child the parent; 0 of the root.</summary>
        public uint Previous;

        public uint KeyLow;
        public uint KeyHigh;

        public readonly ulong Key => ((ulong)KeyHigh << 32) | KeyLow;
    }
}
