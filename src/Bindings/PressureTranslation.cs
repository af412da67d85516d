using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Bindings;

/// <summary>Readings of pressure for C.</summary>
internal static class PressureTranslation
{
    /// <summary>Refuses where none is kept.</summary>
    public static void CheckKept(Engine engine)
    {
        if (!engine.KeepsPressure)
            throw new Refusal(Status.Unsupported, "The engine keeps no pressure stall information; one made with RECLAIM_ENGINE_PRESSURE does.");
    }

    /// <summary>A reading as C has it.</summary>
    public static PressureStruct ToC(in PressureReading reading, uint size) => new()
    {
        StructSize = size,
        SomeAvg10 = (uint)reading.Some.Avg10.Hundredths,
        SomeAvg60 = (uint)reading.Some.Avg60.Hundredths,
        SomeAvg300 = (uint)reading.Some.Avg300.Hundredths,
        SomeTotalUs = (ulong)reading.Some.TotalUs,
        FullAvg10 = (uint)reading.Full.Avg10.Hundredths,
        FullAvg60 = (uint)reading.Full.Avg60.Hundredths,
        FullAvg300 = (uint)reading.Full.Avg300.Hundredths,
        FullTotalUs = (ulong)reading.Full.TotalUs,
    };
}
