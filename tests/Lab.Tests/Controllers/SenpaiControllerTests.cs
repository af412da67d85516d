using ReclaimNative.Lab.Controllers;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Tests.Controllers;

/// <summary>Senpai tick by tick over a cgroup of 8192 pages whose pressure the test makes.</summary>
public sealed class SenpaiControllerTests
{
    private const uint Pages = 8192;

    private Engine _engine = null!;
    private MemoryCgroup _memcg = null!;
    private AddressSpace _task = null!;
    private IController _senpai = null!;

    [TearDown]
    public void End() => _engine.Dispose();

    [Test]
    public void ItFollowsTheLawTickByTick()
    {
        Start("senpai:min_mib=4");

        Ticks(6, stalledUs: 0);
        Assert.That(_memcg.High, Is.EqualTo(MemoryCgroup.Unlimited), "six ticks of grace");
        Tick(stalledUs: 0);
        Assert.That(_memcg.High, Is.EqualTo(8192), "nobody has set a limit yet: from what there is");
        Ticks(5, stalledUs: 0);
        Assert.That(_memcg.High, Is.EqualTo(8192));
        Tick(stalledUs: 0);
        Assert.That(_memcg.High, Is.EqualTo(8110), "a hundredth less");
        Assert.That(_memcg.Usage, Is.LessThanOrEqualTo(8110), "which takes effect at once");
        Ticks(5, stalledUs: 1000);
        Assert.That(_memcg.High, Is.EqualTo(8110));
        Tick(stalledUs: 0);
        Assert.That(_memcg.High, Is.EqualTo(8106), "5 ms in six ticks: 4 parts in 10,000 less");
        Tick(stalledUs: 50_000);
        Assert.That(_memcg.High, Is.EqualTo(8612), "at once, and by a sixteenth: 50 ms");
        Ticks(5, stalledUs: 0);
        Tick(stalledUs: 200_000);
        Assert.That(_memcg.High, Is.EqualTo(17_224), "twice as much: 200 ms");
    }

    [Test]
    public void ALimitThatSomebodyElseSetIsWhereItBeginsAgain()
    {
        Start("senpai:min_mib=4");
        Ticks(7, stalledUs: 0);
        _engine.SetHigh(_memcg, 7000);

        Ticks(5, stalledUs: 0);
        Assert.That(_memcg.High, Is.EqualTo(7000), "it is noticed at the next adjustment only");
        Tick(stalledUs: 0);
        Assert.That(_memcg.High, Is.EqualTo(_memcg.Usage), "which is lost");
    }

    [Test]
    public void ItStaysWithinItsBounds()
    {
        Start("senpai:min_mib=31:interval=1");

        Ticks(60, stalledUs: 0);
        Assert.That(_memcg.High, Is.EqualTo(31 * 256), "a hundredth at a time would be 4500 pages by now");
        Start("senpai:max_mib=33:interval=1");
        Ticks(3, stalledUs: 0);
        Tick(stalledUs: 500_000);
        Assert.That(_memcg.High, Is.EqualTo(33 * 256));
    }

    [Test]
    public void InImmediateModeItMakesRequestsWhileTheCgroupIsAtEase()
    {
        Start("senpai:min_mib=4:immediate=1");

        Ticks(5, stalledUs: 0);
        Assert.That(_memcg.Usage, Is.EqualTo(8192));
        Tick(stalledUs: 0);
        Assert.That(_memcg.Usage, Is.EqualTo(8192 - (8192 - 1024) / 100).Within(32), "a hundredth of what is above the least");
        Assert.That(_memcg.High, Is.EqualTo(MemoryCgroup.Unlimited));
        ulong before = _memcg.Usage;
        Ticks(12, stalledUs: 20_000);
        Assert.That(_memcg.Usage, Is.EqualTo(before), "2 per cent of pressure is not at ease");
    }

    [Test]
    public void WithoutACgroupItHasNothingToDo()
    {
        Start("senpai");
        Assert.That(
            () => ControllerChoice.ParseList("senpai")[0].Create(_engine, []),
            Throws.TypeOf<ControllerException>().With.Message.Contains("senpai"));
    }

    private void Start(string choice)
    {
        _engine?.Dispose();
        _engine = new Engine(new EngineOptions { Nodes = [new NodeOptions(32768)], Policies = [PolicyDefinition.Of<FifoPolicy>()], Pressure = true });
        _memcg = _engine.CreateMemcg("a");
        _task = _engine.CreateAddressSpace("task", Pages, _memcg);
        AccessTally tally = default;
        _engine.Access(_task, [.. Enumerable.Range(0, (int)Pages).Select(p => (uint)p)], ref tally);
        _engine.SetTaskState(_task, TaskState.Running);
        _senpai = ControllerChoice.ParseList(choice)[0].Create(_engine, [_memcg]);
        Assert.That(_senpai.PeriodUs, Is.EqualTo(1_000_000));
    }

    private void Ticks(int count, long stalledUs)
    {
        for (int i = 0; i < count; i++)
            Tick(stalledUs);
    }

    /// <summary>A second passes, of which the task is stalled for so long.</summary>
    private void Tick(long stalledUs)
    {
        _engine.SetTaskState(_task, TaskState.Stalled);
        _engine.NowUs += stalledUs;
        _engine.SetTaskState(_task, TaskState.Running);
        _engine.NowUs += 1_000_000 - stalledUs;
        _senpai.Tick(_engine.NowUs);
    }
}
