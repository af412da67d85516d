namespace ReclaimNative.Lab.Controllers;

/// <summary>A controller that is asked for does not exist or can't be had so. The message is one line that says what is accepted.</summary>
public sealed class ControllerException(string message) : Exception(message);
