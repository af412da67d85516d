using System.Text;
using ReclaimNative.Control;
using ReclaimNative.Machine;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Control;

/// <summary>The form of 2022: PAGES SWAPPINESS MEMCG FLAGS, for one node or after NODES (design 7).</summary>
public class RequestTextTests
{
    private Engine _engine = null!;

    [SetUp]
    public void Build()
    {
        _engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Nodes = [new NodeOptions(300), new NodeOptions(300), new NodeOptions(300)] });
        _engine.CreateMemcg("a");
    }

    [TearDown]
    public void Dispose() => _engine.Dispose();

    [TestCase("0", ReclaimTypes.Any, ReclaimMode.Auto)]
    [TestCase("1", ReclaimTypes.CleanFile, ReclaimMode.Auto)]
    [TestCase("2", ReclaimTypes.File, ReclaimMode.Auto)]
    [TestCase("3", ReclaimTypes.CleanFile, ReclaimMode.Auto)]
    [TestCase("4", ReclaimTypes.Anon, ReclaimMode.Auto)]
    [TestCase("6", ReclaimTypes.Any, ReclaimMode.Auto)]
    [TestCase("8", ReclaimTypes.Any, ReclaimMode.Evict)]
    [TestCase("0x14", ReclaimTypes.Anon, ReclaimMode.Demote)]
    [TestCase("011", ReclaimTypes.CleanFile, ReclaimMode.Evict)]
    public void FlagsAreTypesAndModes(string flags, ReclaimTypes types, ReclaimMode mode)
    {
        ReclaimRequest request = Parse($"100 - 1 {flags}\n")!;

        Assert.That((request.Types, request.Mode), Is.EqualTo((types, mode)));
        Assert.That((request.Pages, request.Memcg, request.Nodes.Mask), Is.EqualTo((100L, _engine.Memcgs[1], 2UL)));
        Assert.That((request.Overshoots, request.BatchPages), Is.EqualTo((false, ReclaimRequest.DefaultBatchPages)));
    }

    [TestCase("0", 0)]
    [TestCase("200", 200)]
    [TestCase("0x3c", 60)]
    [TestCase("max", ReclaimRequest.AnonOnly)]
    public void SwappinessIsANumberOrMax(string text, int swappiness) =>
        Assert.That(Parse($"0x10\t{text}  0 0")!.Swappiness, Is.EqualTo(swappiness));

    [Test]
    public void MemcgZeroIsTheMachineAndADashNoSwappiness()
    {
        ReclaimRequest request = Parse("  7 - 0 0")!;

        Assert.That((request.Pages, request.Memcg, request.Swappiness), Is.EqualTo((7L, (MemoryCgroup?)null, (int?)null)));
    }

    [Test]
    public void NoPagesAreNothingToDo() => Assert.That(Parse("0 - 0 0"), Is.Null);

    [TestCase("", "PAGES")]
    [TestCase("1", "SWAPPINESS")]
    [TestCase("1 -", "MEMCG")]
    [TestCase("1 - 0", "FLAGS")]
    [TestCase("1 - 0 0 0", "FLAGS")]
    [TestCase("x - 0 0", "PAGES 'x'")]
    [TestCase("-1 - 0 0", "PAGES '-1'")]
    [TestCase("+1 - 0 0", "PAGES '+1'")]
    [TestCase("1K - 0 0", "PAGES '1K'")]
    [TestCase("08 - 0 0", "PAGES '08'")]
    [TestCase("0x - 0 0", "PAGES '0x'")]
    [TestCase("9223372036854775808 - 0 0", "PAGES '9223372036854775808'")]
    [TestCase("18446744073709551617 - 0 0", "PAGES '18446744073709551617'")]
    [TestCase("1 201 0 0", "SWAPPINESS '201'")]
    [TestCase("1 MAX 0 0", "SWAPPINESS 'MAX'")]
    [TestCase("1 -- 0 0", "SWAPPINESS '--'")]
    [TestCase("1 - 2 0", "MEMCG '2'")]
    [TestCase("1 - - 0", "MEMCG '-'")]
    [TestCase("1 - 0 32", "FLAGS 32")]
    [TestCase("1 - 0 5", "FLAGS 5")]
    [TestCase("1 - 0 7", "FLAGS 7")]
    [TestCase("1 - 0 24", "FLAGS 24")]
    [TestCase("1 - 0 max", "FLAGS 'max'")]
    [TestCase("1 - 0\n0", @"MEMCG '0\n0'")]
    [TestCase("1 - 0 0\n2 - 0 0", @"FLAGS '0\n2'")]
    [TestCase("0 - 0 32", "FLAGS 32", Description = "a request for nothing is read whole too")]
    public void IsRefusedWithTheFieldAtFault(string text, string names)
    {
        ControlException refusal = Assert.Throws<ControlException>(() => Parse(text))!;

        Assert.That(refusal.Error, Is.EqualTo(ControlError.Invalid));
        Assert.That(refusal.Message, Does.Contain(names));
        Assert.That(refusal.Message, Does.Contain("accepted").Or.Contain("required"));
    }

    [TestCase("0", 1u)]
    [TestCase("0,2", 5u)]
    [TestCase("1-2", 6u)]
    public void NodesComeFirstWhereThereAreSeveral(string nodes, ulong mask) =>
        Assert.That(ParseWithNodes($"{nodes} 5 60 0 2")!.Nodes.Mask, Is.EqualTo(mask));

    [TestCase("3 5 - 0 0", "NODES '3'")]
    [TestCase("0-63 5 - 0 0", "NODES '0-63'")]
    [TestCase("all 5 - 0 0", "NODES 'all'")]
    [TestCase("2-1 5 - 0 0", "NODES '2-1'")]
    [TestCase("0, 5 - 0 0", "NODES '0,'")]
    [TestCase("", "NODES")]
    public void NodesThatAreNoneAreRefused(string text, string names) =>
        Assert.That(() => ParseWithNodes(text), Throws.TypeOf<ControlException>().With.Message.Contains(names));

    private ReclaimRequest? Parse(string text) => RequestText.Parse(Encoding.Latin1.GetBytes(text), _engine.Memcgs, _engine.Nodes[1]);

    private ReclaimRequest? ParseWithNodes(string text) => RequestText.ParseWithNodes(Encoding.Latin1.GetBytes(text), _engine.Memcgs, _engine.Nodes.Count);
}
