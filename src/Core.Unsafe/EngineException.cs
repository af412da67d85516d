namespace ReclaimNative;

/// <summary>A request that the engine refuses, with one sentence that says what was wrong and what is accepted. Nothing was changed.</summary>
public class EngineException : Exception
{
    /// <summary>A refusal without a reason; for serialisers and the like.</summary>
    public EngineException()
    {
    }

    /// <summary>A refusal for the reason given.</summary>
    public EngineException(string message)
        : base(message)
    {
    }

    /// <summary>A refusal caused by another failure.</summary>
    public EngineException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
