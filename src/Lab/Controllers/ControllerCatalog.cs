using System.Collections.Immutable;

namespace ReclaimNative.Lab.Controllers;

/// <summary>The controllers that commands know by name.</summary>
public static class ControllerCatalog
{
    /// <summary>The name that asks for no controller: what the others are compared with.</summary>
    public const string None = "none";

    /// <summary>All of them, none first.</summary>
    public static ImmutableArray<ControllerDescriptor> All { get; } =
    [
        new() { Name = None, Summary = "nobody asks for memory back", Create = (_, _, _) => new Absent() },
        SenpaiController.Descriptor,
        FarMemoryController.Descriptor,
        WatermarkDemotionController.Descriptor,
    ];

    private sealed class Absent : IController
    {
        public long PeriodUs => long.MaxValue;

        public void Tick(long nowUs)
        {
        }
    }
}
