using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Controllers;

/// <summary>A scenario's machine and a controller that looks after it, or none.</summary>
public sealed class ControlledMachine : IDisposable
{
    private readonly IController? _controller;
    private readonly string? _label;
    private long _nextTickUs = long.MaxValue;

    /// <summary>Starts the machine; its controller looks after every cgroup that has processes of its own, but for the root.</summary>
    /// <param name="prepared">The scenario.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="controller">The controller, or null for a run that has none.</param>
    /// <param name="supervision">What is done about policies that misbehave.</param>
    /// <exception cref="ControllerException">The controller has nothing to do on such a machine.</exception>
    public ControlledMachine(PreparedScenario prepared, PolicyChoice policy, ControllerChoice? controller, Supervision supervision)
    {
        _label = controller?.Label;
        Machine = prepared.Start(policy, supervision, options => controller?.Descriptor.ReadsIdleAges == true ? options with { IdleAge = true } : options);
        try
        {
            _controller = controller?.Create(Machine.Engine, [.. Machine.Processes.Select(p => p.Memcg).Distinct().Where(m => m.Parent is not null)]);
            _nextTickUs = _controller?.PeriodUs ?? long.MaxValue;
        }
        catch
        {
            Machine.Dispose();
            throw;
        }
    }

    /// <summary>The machine.</summary>
    public ScenarioMachine Machine { get; }

    /// <summary>Runs one round, and lets the controller look at what is due.</summary>
    /// <returns>Whether anything is left to do.</returns>
    public bool Advance()
    {
        bool more = Machine.Advance(_nextTickUs);
        while (Machine.NowUs >= _nextTickUs)
        {
            _controller!.Tick(Machine.NowUs);
            _nextTickUs += _controller.PeriodUs;
        }

        return more;
    }

    /// <summary>Runs the machine to its end.</summary>
    /// <param name="advanced">Told after each round how many accesses it did.</param>
    /// <param name="cancellation">Ends it between two rounds.</param>
    /// <returns>The rows of the machine.</returns>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public IReadOnlyList<ResultRow> Run(Action<int>? advanced, CancellationToken cancellation)
    {
        bool more = true;
        while (more)
        {
            cancellation.ThrowIfCancellationRequested();
            long before = Machine.AccessesDone;
            more = Advance();
            advanced?.Invoke((int)(Machine.AccessesDone - before));
        }

        return Rows();
    }

    /// <summary>The rows of the machine, with the controller's name.</summary>
    public IReadOnlyList<ResultRow> Rows() => [.. Machine.Rows().Select(r => r with { Controller = _label })];

    /// <summary>Ends the machine.</summary>
    public void Dispose() => Machine.Dispose();
}
