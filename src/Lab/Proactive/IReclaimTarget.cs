namespace ReclaimNative.Lab.Proactive;

/// <summary>Somebody who can carry out a proactive request: a scenario's machine, or a real one.</summary>
public interface IReclaimTarget
{
    /// <summary>Carries it out, or tells what it would come to.</summary>
    /// <exception cref="EngineException">The target can't do what is asked; nothing was reclaimed.</exception>
    RequestReport Carry(RequestSpec request, CancellationToken cancellation);
}
