using System.Text;
using ReclaimNative.Control;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>A control tree of three files in one directory: one counts reads, one only takes writes, one only gives.</summary>
internal sealed class FakeTree : IControlTree
{
    public const string Counter = "sys/counter";
    public const string Command = "sys/command";
    public const string Constant = "sys/constant";
    public const string Debug = "sys/kernel/debug/list";
    public const string Text = "first line\nsecond line\n";

    private static readonly ControlEntry[] Entries =
    [
        new("", true, 0b111_101_101), new("sys", true, 0b111_101_101), new("sys/kernel", true, 0b111_101_101), new("sys/kernel/debug", true, 0b111_101_101),
        new(Counter, false, 0b110_100_100), new(Command, false, 0b010_000_000), new(Constant, false, 0b100_100_100), new(Debug, false, 0b110_100_100),
    ];

    /// <summary>Texts written, in order.</summary>
    public List<string> Written { get; } = [];

    /// <summary>Reads of the counter so far.</summary>
    public int Reads { get; set; }

    /// <summary>Events that are to come, for whoever has a file open.</summary>
    public int Events { get; set; }

    /// <summary>Files opened and not ended.</summary>
    public int Open { get; set; }

    /// <summary>What the next write ends with.</summary>
    public Exception? Refusal { get; set; }

    public ControlEntry? Find(string path) => Entries.Any(e => e.Path == path) ? Entries.First(e => e.Path == path) : null;

    public IReadOnlyList<ControlEntry> List(string directory) =>
        [.. Entries.Where(e => e.Path.Length > 0 && (e.Path.LastIndexOf('/') is var slash && slash < 0 ? "" : e.Path[..slash]) == directory)];

    ControlFile IControlTree.Open(string path)
    {
        Open++;
        return new FakeFile(this, path);
    }

    public void CreateDirectory(string path) => throw new ControlException(ControlError.NoSpace, "There is no room.");

    private sealed class FakeFile(FakeTree tree, string path) : ControlFile
    {
        public override string Read() => path == Counter ? $"{++tree.Reads}\n" : Text;

        public override void Write(ReadOnlySpan<byte> text)
        {
            if (tree.Refusal is { } refusal)
                throw refusal;
            tree.Written.Add(Encoding.UTF8.GetString(text));
        }

        public override bool TakePriorityEvent()
        {
            bool happened = tree.Events > 0;
            tree.Events -= happened ? 1 : 0;
            return happened;
        }

        protected override void Dispose(bool disposing) => tree.Open--;
    }
}
