using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Memory;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;
using ReclaimNative.Tests.Policies.Foreign;

namespace ReclaimNative.Tests.Engines;

/// <summary>A copy is what its engine was, to the last bit, and goes on as that one would have.</summary>
public class SnapshotTests
{
    private static readonly string[] Forms =
    [
        .. SmallMachine.PolicyNames, "mglru/unordered", "mglru/identity", "lru/identity", "mglru/unordered/identity", "classic/demotion", "mglru/demotion",
        "classic mglru fifo", "comeback arc lru", "mglru@6.12-bloom classic+lookaround sieve", "mglru@6.1/6.1", "classic@6.1/6.1", "mglru@6.12/6.12", "classic@6.18/6.18",
        "classic/concurrent", "classic mglru/concurrent", "mglru/unordered/concurrent",
    ];

    private static readonly string[] Ways = ["restore", "fork"];

    [Test]
    public void ACopyIsTheSameAndGoesOnTheSame([ValueSource(nameof(Forms))] string form, [ValueSource(nameof(Ways))] string way)
    {
        for (int seed = 0; seed < 2; seed++)
        {
            bool isRich = seed == 0;
            EngineOptions options = SmallMachine.Form(form) with { IdleAge = isRich, Pressure = isRich, Fallback = isRich ? null : SmallMachine.Policy("mglru") };
            ulong? swap = isRich ? 150 : null;
            using var original = new RandomMachine(seed, swap, options);
            using var copied = new RandomMachine(seed, swap, options);
            for (int step = 0; step < 400; step++)
            {
                if (step is 150 or 300)
                {
                    copied.MoveTo((engine, how) => Copy(engine, how, way));
                    Assert.That(EngineDigest.OfCopy(copied.Engine).Except(EngineDigest.OfCopy(original.Engine)), Is.Empty, $"seed {seed}, step {step}");
                }

                string? problem = original.Step();
                Assert.That(copied.Step(), Is.EqualTo(problem), $"seed {seed}, step {step}, {copied.LastStep}");
                Assert.That(copied.LastStep, Is.EqualTo(original.LastStep));
                DoMore(original.Engine, step);
                DoMore(copied.Engine, step);
            }

            Assert.That(copied.Fingerprint(), Is.EqualTo(original.Fingerprint()), $"seed {seed}");
            Assert.That(EngineDigest.OfCopy(copied.Engine).Except(EngineDigest.OfCopy(original.Engine)), Is.Empty, $"seed {seed} at the end");
        }
    }

    [Test]
    public void EveryWidthOfVectorsGoesOnTheSame([Values(64, 128, 256, 512)] int bits, [Values("mglru", "mglru/unordered", "classic")] string form)
    {
        EngineOptions options = SmallMachine.Form(form) with { IdleAge = true };
        using var original = new RandomMachine(7, null, options);
        using var copied = new RandomMachine(7, null, options);
        for (int step = 0; step < 300; step++)
        {
            if (step == 150)
                copied.MoveTo((engine, how) => Copy(engine, how with { VectorBits = bits }, "restore"));
            original.Step();
            copied.Step();
            DoMore(original.Engine, step);
            DoMore(copied.Engine, step);
        }

        Assert.That(copied.Engine.VectorBits, Is.LessThanOrEqualTo(bits));
        Assert.That(copied.Fingerprint(), Is.EqualTo(original.Fingerprint()));
    }

    [Test]
    public void EveryOptionThatIsStateGoesAlong()
    {
        string[] notState = [nameof(EngineOptions.Backing), nameof(EngineOptions.Clock), nameof(EngineOptions.VectorBits), nameof(EngineOptions.ProgressFile)];
        var options = new EngineOptions { Nodes = [new NodeOptions(300, 2), new NodeOptions(700)], Policies = [SmallMachine.Policy("mglru-bloom"), SmallMachine.Policy("classic@6.1")] };
        System.Reflection.PropertyInfo[] all = [.. typeof(EngineOptions).GetProperties().Where(p => p.CanWrite && !notState.Contains(p.Name))];
        foreach (System.Reflection.PropertyInfo property in all)
        {
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            object? other = type switch
            {
                _ when type == typeof(bool) => !(bool)property.GetValue(options)!,
                _ when type == typeof(int) => (int)property.GetValue(options)! + 3,
                _ when type == typeof(PolicyDefinition) => SmallMachine.Policy("fifo"),
                _ when type.IsEnum => Enum.GetValues(type).Cast<object>().First(v => !v.Equals(property.GetValue(options))),
                _ when type.IsPrimitive => Convert.ChangeType(17, type, null),
                _ => null,
            };
            if (other is not null)
                property.SetValue(options, other);
        }

        var log = new StateLog();
        EngineOptions.Through(log, options, null);
        log.Restore();
        EngineOptions back = EngineOptions.Through(log, null, new CopyOptions());

        Assert.That(log.IsSpent, Is.True);
        foreach (System.Reflection.PropertyInfo property in all)
            Assert.That(Text(property.GetValue(back)), Is.EqualTo(Text(property.GetValue(options))), property.Name);
        static string Text(object? value) => value switch
        {
            PolicyDefinition policy => $"{policy.Name} {policy.Mechanisms} {policy.Version}",
            System.Collections.IEnumerable list => string.Join(' ', list.Cast<object>().Select(Text)),
            _ => $"{value}",
        };
    }

    [Test]
    public void AMachineWithoutCgroupsAndWithoutSwapIsCopied([ValueSource(nameof(Ways))] string way)
    {
        using var engine = new Engine(SmallMachine.Form("mglru") with { NoMemcg = true, SwapPages = 0, Nodes = [new NodeOptions(400)] });
        Use(engine, engine.CreateAddressSpace("s", 900), 3000);

        using Engine copy = Copy(engine, new CopyOptions(), way);

        Assert.That(EngineDigest.OfCopy(copy).Except(EngineDigest.OfCopy(engine)), Is.Empty);
        Use(engine, engine.Machine.SpaceAt(0)!, 3000);
        Use(copy, copy.Machine.SpaceAt(0)!, 3000);
        Assert.That(EngineDigest.OfCopy(copy).Except(EngineDigest.OfCopy(engine)), Is.Empty);
        Assert.That(copy.HasMemcgs, Is.False);
    }

    [Test]
    public void CgroupsAndFilesThatAreGoneLeaveTheirNumbers([ValueSource(nameof(Ways))] string way, [Values("mglru", "classic/6.12", "fifo")] string form)
    {
        using var engine = new Engine(SmallMachine.Form(form) with { Pressure = true });
        MemoryCgroup[] memcgs = [engine.CreateMemcg("a"), engine.CreateMemcg("b"), engine.CreateMemcg("c")];
        PageFile[] files = [engine.CreateFile(50, "first"), engine.CreateFile(60, "second"), engine.CreateFile(70, "third")];
        AddressSpace space = engine.CreateAddressSpace("s", 900, memcgs[2]);
        Use(engine, space, 500);
        AccessTally tally = default;
        foreach (PageFile file in files)
            engine.AccessFile(file, 7, false, memcgs[1], 0, ref tally);
        engine.Remove(memcgs[1]);
        engine.Destroy(files[0]);

        using Engine copy = Copy(engine, new CopyOptions(), way);

        Assert.That(EngineDigest.OfCopy(copy).Except(EngineDigest.OfCopy(engine)), Is.Empty);
        Assert.That(copy.Files.Select(f => (f.Id, f.Name)), Is.EqualTo(engine.Files.Select(f => (f.Id, f.Name))));
        foreach (Engine one in (Engine[])[engine, copy])
        {
            one.CreateMemcg("d");
            one.CreateFile(80, "fourth");
            Use(one, one.AddressSpaces.Single(), 500);
            one.Reclaim(new ReclaimRequest(50));
        }

        Assert.That(copy.Memcgs.Select(m => (m.Id, m.Path)), Is.EqualTo(engine.Memcgs.Select(m => (m.Id, m.Path))));
        Assert.That(EngineDigest.OfCopy(copy).Except(EngineDigest.OfCopy(engine)), Is.Empty);
        Assert.That(copy.Validate(), Is.Null);
    }

    [Test]
    public void TheEndOfAPolicyIsRemembered([ValueSource(nameof(Ways))] string way, [Values] bool hasFallback)
    {
        PolicyDefinition throws = PolicyDefinition.Of<Throwing>();
        using var engine = new Engine(SmallMachine.Options(throws) with { Fallback = hasFallback ? SmallMachine.Policy("fifo") : null });
        Use(engine, engine.CreateAddressSpace("s", 900), 900);
        engine.Reclaim(new ReclaimRequest(20));
        engine.Reclaim(new ReclaimRequest(20));

        using Engine copy = Copy(engine, new CopyOptions { Policies = way == "fork" ? [] : [throws] }, way);

        Assert.That(copy.PolicyReports[0].Ejection, Is.EqualTo(engine.PolicyReports[0].Ejection).And.Not.Null);
        Assert.That(copy.PolicyNameOf(copy.Root), Is.EqualTo(hasFallback ? "fifo" : "throwing"));
        Assert.That(EngineDigest.OfCopy(copy).Except(EngineDigest.OfCopy(engine)), Is.Empty);
        Assert.That(copy.Reclaim(new ReclaimRequest(30)).Reclaimed, Is.EqualTo(engine.Reclaim(new ReclaimRequest(30)).Reclaimed).And.GreaterThanOrEqualTo(30));
    }

    [Test]
    public void APolicyInCComesBackFromItsPathOrIsGiven([Values("fifo", "s3fifo")] string name, [ValueSource(nameof(Ways))] string way, [Values] bool given)
    {
        string path = CCompiler.Example(name);
        EngineOptions options = SmallMachine.Options([.. PolicyShelf.BuiltIn.ParseList(path).Select(c => c.Define())]);
        using var original = new RandomMachine(4, null, options);
        using var copied = new RandomMachine(4, null, options);
        for (int step = 0; step < 300; step++)
        {
            if (step == 150)
                copied.MoveTo((engine, how) => Copy(engine, given ? how with { Policies = [PolicyDefinition.OfLibrary(path)] } : how, way));
            Assert.That(copied.Step(), Is.EqualTo(original.Step()));
        }

        Assert.That(EngineDigest.OfCopy(copied.Engine).Except(EngineDigest.OfCopy(original.Engine)), Is.Empty);
        Assert.That(copied.Fingerprint(), Is.EqualTo(original.Fingerprint()));
    }

    [Test]
    public void APolicyThatIsMissingOrAnotherIsNamed()
    {
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Throwing>()));

        Assert.That(() => Copy(engine, new CopyOptions(), "restore"), Throws.TypeOf<PolicyException>().With.Message.Contains("no policy 'throwing'"));
        Assert.That(
            () => Copy(engine, new CopyOptions { Policies = [PolicyDefinition.Of<Larger>()] }, "fork"),
            Throws.TypeOf<PolicyException>().With.Message.Contains("policy 'throwing' is not the one"));
    }

    [Test]
    public void WhatIsDoneToAForkLeavesTheEngineAsItWas([Values("mglru", "lru", "classic/concurrent")] string form)
    {
        using var machine = new TieredMachine(form, 3);
        machine.Engine.Preview(new ReclaimRequest(1)); // what hits were noted are handed over
        IReadOnlyList<string> before = EngineDigest.Of(machine.Engine);
        machine.Owner.Noted.Clear();

        using (Engine fork = machine.Engine.Fork())
        {
            Assert.That(fork.Reclaim(new ReclaimRequest(300)).Reclaimed, Is.GreaterThanOrEqualTo(300));
            fork.SetMax(fork.Memcgs[1], 10);
            fork.Discard(fork.Machine.SpaceAt(0)!, 0, 100);
            fork.CreateMemcg("more");
            Assert.That(fork.Validate(), Is.Null);
            Assert.That(EngineDigest.Of(machine.Engine).Except(before), Is.Empty);
        }

        Assert.That(EngineDigest.Of(machine.Engine).Except(before), Is.Empty);
        Assert.That(machine.Owner.Noted, Is.Empty, "the owner of the engine is not the fork's");
        Assert.That(machine.Engine.Validate(), Is.Null);
    }

    [Test]
    public void ThreadsWaitWhileACopyIsMade()
    {
        using var engine = new Engine(SmallMachine.Form("mglru/concurrent") with { Nodes = [new NodeOptions(600)] });
        AddressSpace[] spaces = [.. Enumerable.Range(0, 3).Select(i => engine.CreateAddressSpace($"s{i}", 900))];
        bool stop = false;
        Task[] tasks = [.. spaces.Select(space => Task.Run(() =>
        {
            while (!Volatile.Read(ref stop))
                Use(engine, space, 200);
        }))];
        for (int i = 0; i < 30; i++)
        {
            using Engine copy = Copy(engine, new CopyOptions(), Ways[i % 2]);
            Assert.That(copy.Validate(), Is.Null);
            Use(copy, copy.Machine.SpaceAt(i % 3)!, 500);
            Assert.That(copy.Validate(), Is.Null);
        }

        Volatile.Write(ref stop, true);
        Task.WaitAll(tasks);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AWriteThatFailsLeavesTheEngineOpenAndAsItWas()
    {
        using var machine = new TieredMachine("mglru/concurrent", 3);
        IReadOnlyList<string> before = EngineDigest.OfCopy(machine.Engine);

        Assert.That(() => machine.Engine.Save(new MemoryStream(new byte[1000])), Throws.TypeOf<NotSupportedException>());

        Assert.That(EngineDigest.OfCopy(machine.Engine).Except(before), Is.Empty);
        machine.Run(1, 500);
        Assert.That(machine.Engine.Validate(), Is.Null);
    }

    [Test]
    public void FromACallbackNothingIsCopied()
    {
        using var machine = new TieredMachine("mglru", 3);
        List<string> refusals = [];
        machine.Owner.Asked = _ =>
        {
            refusals.Add(Assert.Throws<EngineException>(() => machine.Engine.Save(Stream.Null))!.Message);
            refusals.Add(Assert.Throws<EngineException>(() => machine.Engine.Fork())!.Message);
            return true;
        };
        machine.Engine.Reclaim(new ReclaimRequest(5) { Mode = ReclaimMode.Evict });

        Assert.That(refusals, Is.Not.Empty.And.All.StartsWith("The engine was called from a callback"));
    }

    [Test]
    public void WhatWasNeverUsedTakesNoRoom()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru")) with { Nodes = [new NodeOptions(1 << 23)], LeafTables = 1 << 16 });
        Use(engine, engine.CreateAddressSpace("s", 1 << 23), 5000);
        using var stream = new MemoryStream();
        engine.Save(stream);

        Assert.That(engine.MeasureFootprint().Sum(c => (long)c.Bytes), Is.GreaterThan(200 << 20));
        Assert.That(stream.Length, Is.LessThan(8 << 20));
        stream.Position = 0;
        using Engine copy = Engine.Restore(stream);

        // Huge pages that were to be had for the one and not for the other are a difference.
        Assert.That(Resident(copy), Is.LessThan(Resident(engine) + (64 << 20)));
        static long Resident(Engine engine) => engine.MeasureFootprint().Sum(c => (long)c.ResidentBytes);
    }

    [Test]
    public void NumbersThatTakeSeveralRecordsAreCopied()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Memcgs = 12_000 });
        for (int i = 0; i < 100; i++)
        {
            MemoryCgroup above = engine.CreateMemcg($"a-cgroup-with-a-name-of-some-length-{i}");
            for (int j = 0; j < 100; j++)
                engine.SetMax(engine.CreateMemcg($"one-that-is-below-it-{j}", above), (ulong)j);
        }

        using var first = new MemoryStream();
        engine.Save(first);
        using Engine copy = Copy(engine, new CopyOptions(), "restore");
        using var second = new MemoryStream();
        copy.Save(second);

        Assert.That(second.ToArray(), Is.EqualTo(first.ToArray()), "what is saved of a copy is what it was made from");
        Assert.That(copy.Memcgs.Select(m => (m.Path, m.Max)), Is.EqualTo(engine.Memcgs.Select(m => (m.Path, m.Max))));
    }

    private static void Use(Engine engine, AddressSpace space, int accesses)
    {
        AccessTally tally = default;
        uint at = 1;
        for (int i = 0; i < accesses; i++)
        {
            at = (at * 69069) + 1;
            engine.Access(space, [(at >> 8) % (uint)Math.Min(space.Pages, 1 << 20) | ((at & 4) != 0 ? Engine.WriteBit : 0)], ref tally);
        }
    }

    /// <summary>What the random machine does not: idle ages, tasks, and policies that change.</summary>
    private static void DoMore(Engine engine, int step)
    {
        if (step % 20 == 0 && engine.Machine.Ages is not null)
            engine.ScanIdleAges();
        engine.NowMs += 7;
        if (engine.KeepsPressure && engine.Machine.SpaceAt(step % 5) is { } task)
            engine.SetTaskState(task, (TaskState)(step % 3));
        if (step % 31 != 0)
            return;
        try
        {
            engine.SetPolicy(engine.Memcgs[step % engine.Memcgs.Count], engine.Host.Definitions[step % engine.Host.Definitions.Length].Name);
        }
        catch (EngineException why) when (why.Message.Contains("was ejected", StringComparison.Ordinal))
        {
            // The older kernels' forms are found to propose nothing now and then; a copy says the same at the same time.
        }
    }

    internal static Engine Copy(Engine engine, CopyOptions how, string way)
    {
        if (way == "fork")
            return engine.Fork(how);
        using var stream = new MemoryStream();
        engine.Save(stream);
        stream.Position = 0;
        Engine copy = Engine.Restore(stream, how);
        Assert.That(stream.Position, Is.EqualTo(stream.Length), "a snapshot is read to its end");
        return copy;
    }

    private readonly struct Throwing : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "throwing" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
            throw new InvalidOperationException("on purpose");
    }

    private readonly struct Larger : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "throwing", Lists = 2 };
    }
}
