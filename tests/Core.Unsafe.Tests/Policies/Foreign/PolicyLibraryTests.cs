using System.Runtime.InteropServices;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Policies.Foreign;

/// <summary>What is accepted as a policy in C, and what is said of the rest.</summary>
public unsafe class PolicyLibraryTests
{
    private static readonly List<nint> Texts = [];

    [OneTimeTearDown]
    public static void Free() => Texts.ForEach(text => Marshal.FreeHGlobal(text));

    [Test]
    public void ATableWithANameIsAPolicy()
    {
        ForeignPolicyTable table = Good();
        PolicyDefinition definition = PolicyDefinition.OfTable(&table);

        Assert.That(definition.Name, Is.EqualTo("mine"));
        Assert.That(definition.Descriptor.Lists, Is.EqualTo(1));
        Assert.That(definition.Descriptor.LeastReclaim, Is.EqualTo(1));
        Assert.That(definition.Descriptor.Sight, Is.EqualTo(PolicySight.Bits));
    }

    [Test]
    public void WhatATableSaysIsWhatThePolicyIs()
    {
        ForeignPolicyTable table = Good();
        table.Summary = Text("does things");
        table.Flags = (uint)(PolicyFlags.SeesAccesses | PolicyFlags.SeesArrivals);
        table.Sight = 1;
        table.Mechanisms = 8;
        (table.Lists, table.LeastReclaim, table.StateBytes, table.WordsPerPage, table.HistoryWords, table.Orders) = (64, 32, 65536, 16, 16, 8);
        PolicyDescriptor said = PolicyDefinition.OfTable(&table).Descriptor;

        Assert.That(said, Is.EqualTo(new PolicyDescriptor
        {
            Name = "mine",
            Summary = "does things",
            Flags = PolicyFlags.SeesAccesses | PolicyFlags.SeesArrivals,
            Sight = PolicySight.Accesses,
            Defaults = Mechanism.Refault,
            Supports = Mechanism.Refault,
            Lists = 64,
            LeastReclaim = 32,
            StateBytes = 65536,
            WordsPerPage = 16,
            HistoryWords = 16,
            Orders = 8,
        }));
    }

    [TestCase("null", "its table is NULL")]
    [TestCase("small", "its struct_size is 263; a reclaim_policy_t has at least 264 bytes")]
    [TestCase("huge", "its struct_size is 4097; more than 4096 bytes are never accepted")]
    [TestCase("tail", "its table has 272 bytes and this engine knows 264: the bytes beyond have to be zero")]
    [TestCase("abi", "its abi is 2; this engine has 1")]
    [TestCase("noname", "its name is NULL")]
    [TestCase("empty", "its name is ''; 1 to 32 of a-z and 0-9 are accepted")]
    [TestCase("capital", "its name is 'Mine'; 1 to 32 of a-z and 0-9 are accepted")]
    [TestCase("long", "1 to 32 of a-z and 0-9 are accepted")]
    [TestCase("flags", "its flags are 0x80; this engine knows the bits 0x7f")]
    [TestCase("sight", "its sight is 2; 0 to 1 are accepted")]
    [TestCase("sees", "RECLAIM_SEES_ACCESSES and RECLAIM_SIGHT_ACCESSES go together")]
    [TestCase("says", "RECLAIM_SEES_ACCESSES and RECLAIM_SIGHT_ACCESSES go together")]
    [TestCase("mechanisms", "its mechanisms are 0x10; this engine knows the bits 0xf")]
    [TestCase("lists", "its lists is 65; 0 to 64 are accepted")]
    [TestCase("least", "its least_reclaim is 2147483648; 0 to 2147483647 are accepted")]
    [TestCase("state", "its state_bytes is 65537; 0 to 65536 are accepted")]
    [TestCase("words", "its words_per_page is 17; 0 to 16 are accepted")]
    [TestCase("history", "its history_words is 17; 0 to 16 are accepted")]
    [TestCase("orders", "its orders is 9; 0 to 8 are accepted")]
    [TestCase("reserved", "its reserved is 1; 0 is accepted")]
    [TestCase("fuel", "its fuel is 1023; 1024 to 2147483647 are accepted, and 0 for 65536")]
    [TestCase("concurrent", "history_words and orders serve one thread, and it is marked RECLAIM_CONCURRENT")]
    public void ATableThatIsNoneIsRefusedWithTheReason(string fault, string message)
    {
        byte* room = stackalloc byte[4096];
        new Span<byte>(room, 4096).Clear();
        var table = (ForeignPolicyTable*)room;
        *table = Good();
        switch (fault)
        {
            case "small": table->StructSize--; break;
            case "huge": table->StructSize = 4097; break;
            case "tail": (table->StructSize, room[sizeof(ForeignPolicyTable) + 7]) = ((uint)sizeof(ForeignPolicyTable) + 8, 1); break;
            case "abi": table->Abi = 2; break;
            case "noname": table->Name = null; break;
            case "empty": table->Name = Text(""); break;
            case "capital": table->Name = Text("Mine"); break;
            case "long": table->Name = Text(new string('a', 33)); break;
            case "flags": table->Flags = 128; break;
            case "sight": table->Sight = 2; break;
            case "sees": table->Flags = (uint)PolicyFlags.SeesAccesses; break;
            case "says": table->Sight = 1; break;
            case "mechanisms": table->Mechanisms = (uint)Mechanism.Pid; break;
            case "lists": table->Lists = 65; break;
            case "least": table->LeastReclaim = 1u << 31; break;
            case "state": table->StateBytes = 65537; break;
            case "words": table->WordsPerPage = 17; break;
            case "history": table->HistoryWords = 17; break;
            case "orders": table->Orders = 9; break;
            case "reserved": table->Reserved = 1; break;
            case "fuel": table->Fuel = 1023; break;
            case "concurrent": (table->Flags, table->Orders) = ((uint)PolicyFlags.Concurrent, 1); break;
            default: table = null; break;
        }

        Assert.That(() => PolicyDefinition.OfTable(table), Throws.TypeOf<PolicyException>().With.Message.Contains(message));
    }

    [Test]
    public void ALargerTableIsAcceptedWhenWhatIsNotKnownIsZero()
    {
        byte* room = stackalloc byte[4096];
        new Span<byte>(room, 4096).Clear();
        *(ForeignPolicyTable*)room = Good();
        ((ForeignPolicyTable*)room)->StructSize = 4096;

        Assert.That(() => PolicyDefinition.OfTable(room), Throws.Nothing);
    }

    [Test]
    public void ALibraryIsAPolicyByItsPath()
    {
        string path = CCompiler.Example("fifo");

        Assert.That(PolicyDefinition.OfLibrary(path).Name, Is.EqualTo("cfifo"));
        Assert.That(PolicyShelf.BuiltIn.Parse(path).Name, Is.EqualTo("cfifo"));
        Assert.That(() => PolicyShelf.BuiltIn.ParseList($"{path},fifo,{path}"), Throws.TypeOf<PolicyException>().With.Message.EqualTo("policy 'cfifo' is asked for twice"));
        Assert.That(() => PolicyShelf.BuiltIn.Parse(path + "-walk"), Throws.TypeOf<PolicyException>().With.Message.Contains("'cfifo' has no switches"));
        Assert.That(() => PolicyShelf.BuiltIn.Parse(path + "@6.1"), Throws.TypeOf<PolicyException>().With.Message.Contains("'cfifo' is the same for every kernel version"));
    }

    [Test]
    public void TheMechanismsOfALibraryAreSwitches()
    {
        string path = CCompiler.Library("walker", Source(".mechanisms = RECLAIM_USES_WALK"));

        Assert.That(PolicyShelf.BuiltIn.Parse(path).Define().Mechanisms, Is.EqualTo(Mechanism.Walk));
        PolicyChoice without = PolicyShelf.BuiltIn.Parse(path + "-walk");
        Assert.That(without.Name, Is.EqualTo("mine-walk"));
        Assert.That(without.Define().Mechanisms, Is.EqualTo(Mechanism.None));
    }

    [Test]
    public void AFileThatIsNoPolicyIsRefusedWithTheReason()
    {
        string folder = Path.GetDirectoryName(CCompiler.Example("fifo"))!;
        string text = Path.Combine(folder, "text.so");
        File.WriteAllText(text, "no library");
        string broken = Path.Combine(folder, "broken.so");
        File.WriteAllBytes(broken, [.. "\u007fELF"u8, 1, 2, 3]);

        Refused("nosuch.so", "policy 'nosuch.so': there is no such file");
        Refused("./no/such", "policy './no/such': there is no such file");
        Refused(folder + "/", "there is no such file");
        Refused(text, "is no shared library");
        Refused(broken, "can't be loaded: ");
        Refused(CCompiler.Library("other", "int other(void);\nint other(void) { return 1; }\n"), "has no symbol 'reclaim_policy'");
        Refused(CCompiler.Library("future", Source(".abi = 9").Replace(".abi = RECLAIM_POLICY_ABI, ", "")), "its abi is 9; this engine has 1");

        static void Refused(string path, string message) =>
            Assert.That(() => PolicyShelf.BuiltIn.Parse(path), Throws.TypeOf<PolicyException>().With.Message.Contains(message));
    }

    [Test]
    public void ATableOnTheShelfIsNamedLikeAnyOther()
    {
        ForeignPolicyTable table = Good();
        PolicyShelf shelf = PolicyShelf.BuiltIn.WithTable(&table);

        Assert.That(shelf.Parse("mine").Define().Name, Is.EqualTo("mine"));
        Assert.That(() => PolicyShelf.BuiltIn.Parse("mine"), Throws.TypeOf<PolicyException>());
        PolicyException twice = Assert.Throws<PolicyException>(() =>
        {
            ForeignPolicyTable again = Good();
            shelf.WithTable(&again);
        })!;
        Assert.That(twice.Message, Is.EqualTo("policy from a table: there is a policy 'mine' already"));
    }

    private static string Source(string fields) => $$"""
        #include "reclaim_policy.h"
        static const reclaim_policy_t policy = { .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = "mine", {{fields}} };
        const reclaim_policy_t *reclaim_policy(void) { return &policy; }

        """;

    private static ForeignPolicyTable Good() => new() { StructSize = (uint)sizeof(ForeignPolicyTable), Abi = 1, Name = Text("mine") };

    private static byte* Text(string text)
    {
        nint copy = Marshal.StringToHGlobalAnsi(text);
        Texts.Add(copy);
        return (byte*)copy;
    }
}
