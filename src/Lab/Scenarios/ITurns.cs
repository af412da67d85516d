namespace ReclaimNative.Lab.Scenarios;

/// <summary>How the processes of a machine come to run, and what time it is meanwhile.</summary>
internal interface ITurns
{
    /// <summary>Virtual time in microseconds.</summary>
    long NowUs { get; }

    /// <summary>When all processes are asleep, lets time go on until one is not, but not beyond <paramref name="untilUs"/>.</summary>
    void WaitForSomebody(long untilUs);

    /// <summary>Gives every process a turn that has not ended and is not asleep.</summary>
    /// <param name="most">Accesses at most, of all together.</param>
    /// <returns>Accesses done.</returns>
    long RunRound(long most);

    /// <summary>Lets time go on when nobody is to run any more: what they wait for comes.</summary>
    void IdleUntil(long us);
}
