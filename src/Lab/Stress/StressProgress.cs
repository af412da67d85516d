namespace ReclaimNative.Lab.Stress;

/// <summary>Turns shares of phases into the steps of a progress bar. Used by one thread.</summary>
internal sealed class StressProgress(Action<string>? starting, Action<int>? advanced)
{
    /// <summary>Steps of one machine, all phases together.</summary>
    public const int StepsPerMachine = 1000;

    private string _machine = "";
    private int _base;
    private int _steps;
    private int _done;

    /// <summary>The next machine begins.</summary>
    public void Begin(string machine)
    {
        _machine = machine;
        _base = _steps = _done = 0;
    }

    /// <summary>The phase before is done; one of <paramref name="steps"/> begins.</summary>
    public void Phase(string name, int steps)
    {
        _base += _steps;
        _steps = steps;
        Advance(_base);
        starting?.Invoke($"{_machine}: {name}");
    }

    /// <summary>How much of the phase is done, in [0, 1]; less than before changes nothing.</summary>
    public void Report(double share) => Advance(_base + (int)(Math.Clamp(share, 0, 1) * _steps));

    /// <summary>The machine is done.</summary>
    public void End() => Advance(StepsPerMachine);

    private void Advance(int to)
    {
        if (to <= _done)
            return;
        advanced?.Invoke(to - _done);
        _done = to;
    }
}
