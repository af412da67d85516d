using System.Globalization;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;

namespace ReclaimNative.Tests.Model;

/// <summary>Random tasks in random states over random times, against <see cref="PressureModel"/>, after every step.</summary>
public class PressureModelTests
{
    private const long UnitUs = 1000;

    [Test]
    public void PressureIsThatOfTheModel([Range(1, 12)] int seed) => Compare(seed, 400);

    [Test]
    [Category("Soak")]
    [Explicit("minutes")]
    public void PressureIsThatOfTheModelForLong([Range(100, 140)] int seed) => Compare(seed, 10_000);

    private static void Compare(int seed, int steps)
    {
        var random = new Random(seed);
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with
        {
            Nodes = [new NodeOptions(1024), new NodeOptions(1024)],
            Pressure = true,
        });
        MemoryCgroup outer = engine.CreateMemcg("outer");
        MemoryCgroup[] memcgs = [engine.Root, outer, engine.CreateMemcg("inner", outer), engine.CreateMemcg("other")];
        PressureModel[] models = [.. Enumerable.Range(0, memcgs.Length + 2).Select(_ => new PressureModel(UnitUs))];
        var triggers = new List<(PressureTrigger Ours, PressureModel.ModelTrigger Model)>();
        var tasks = new AddressSpace?[6];
        var states = new TaskState[tasks.Length];
        int events = 0;
        for (int step = 0; step < steps; step++)
        {
            int index = random.Next(tasks.Length);
            string context = $"seed {seed}, step {step}";
            switch (random.Next(20))
            {
                case 0 when tasks[index] is { } old:
                    Enter(old, states[index], TaskState.Idle);
                    engine.Destroy(old);
                    (tasks[index], states[index]) = (null, TaskState.Idle);
                    break;
                case 1:
                    AddTrigger();
                    break;
                case 2 when triggers.Count > 4:
                    triggers[0].Ours.Dispose();
                    triggers.RemoveAt(0);
                    break;
                default:
                    AddressSpace task = tasks[index] ??= engine.CreateAddressSpace("s", 1, memcgs[random.Next(memcgs.Length)], random.Next(2));
                    var state = (TaskState)random.Next(3);
                    engine.SetTaskState(task, state);
                    Enter(task, states[index], state);
                    states[index] = state;
                    break;
            }

            // Mostly short, so that periods and windows see many changes; at times so long that they see none.
            engine.NowUs += UnitUs * random.Next(random.Next(40) switch { 0 => 200_000, < 5 => 5000, _ => 300 });
            foreach (PressureModel model in models)
                model.AdvanceTo(engine.NowUs);
            if (random.Next(3) != 0)
                continue;
            for (int i = 0; i < models.Length; i++)
                Assert.That(i < memcgs.Length ? engine.ReadMemoryPressure(memcgs[i]) : engine.ReadMemoryPressure(engine.Nodes[i - memcgs.Length]), Is.EqualTo(models[i].Text()), context);
            foreach ((PressureTrigger ours, PressureModel.ModelTrigger model) in triggers)
            {
                bool happened = model.TakeEvent();
                events += happened ? 1 : 0;
                Assert.That(ours.TakeEvent(), Is.EqualTo(happened), $"{context}, {ours}");
            }
        }

        Assert.That(events, Is.GreaterThan(steps / 100), "events came");

        void Enter(AddressSpace task, TaskState from, TaskState to)
        {
            foreach (PressureModel model in GroupsOf(task))
            {
                model.Tasks.Remove(from);
                model.Tasks.Add(to);
            }
        }

        IEnumerable<PressureModel> GroupsOf(AddressSpace task)
        {
            for (MemoryCgroup? at = engine.Memcgs[task.MemcgId]; at is not null; at = at.Parent)
                yield return models[Array.IndexOf(memcgs, at)];
            yield return models[memcgs.Length + task.HomeNode];
        }

        void AddTrigger()
        {
            int group = random.Next(models.Length);
            var stall = (PressureStall)random.Next(2);
            long window = 10 * UnitUs * random.Next(1, 1000);
            long threshold = 1 + (long)(random.NextDouble() * random.NextDouble() * window);
            string text = string.Create(CultureInfo.InvariantCulture, $"{stall.ToString().ToLowerInvariant()} {threshold} {window}");
            triggers.Add((
                group < memcgs.Length ? engine.AddPressureTrigger(memcgs[group], text) : engine.AddPressureTrigger(engine.Nodes[group - memcgs.Length], text),
                models[group].AddTrigger(stall, threshold, window)));
        }
    }
}
