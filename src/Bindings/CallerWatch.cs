using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings;

/// <summary>The watch that a C program asks for over calls of policies that do not return.</summary>
internal sealed unsafe class CallerWatch
{
    private readonly delegate* unmanaged[Cdecl]<void*, PolicyStuckStruct*, void> _stuck;
    private readonly void* _context;
    private readonly TimeSpan _timeout;

    private CallerWatch(in EngineOptionsStruct options)
    {
        _stuck = options.PolicyStuck;
        _context = options.PolicyStuckContext;
        _timeout = TimeSpan.FromMilliseconds(options.PolicyTimeoutMs);
    }

    /// <summary>What the options ask for; null for no watch.</summary>
    public static CallerWatch? Of(in EngineOptionsStruct options)
    {
        Check.Zero(options.Reserved3, "reserved3");
        bool tells = options.PolicyStuck != null;
        if (tells != (options.PolicyTimeoutMs != 0))
        {
            throw new Refusal(Status.Invalid, tells
                ? "policy_stuck is given without policy_timeout_ms, which says when it is to be called."
                : $"policy_timeout_ms is {options.PolicyTimeoutMs} and policy_stuck is NULL; 0 is accepted, or both.");
        }

        return tells ? new CallerWatch(options) : null;
    }

    /// <summary>Starts to watch.</summary>
    public PolicyWatchdog Over(Engine engine) => new(() => engine.PoliciesInProgress, _timeout, Tell);

    private void Tell(PolicyProgress at, TimeSpan taken)
    {
        nint policy = Marshal.StringToCoTaskMemUTF8(at.Policy);
        nint operation = Marshal.StringToCoTaskMemUTF8(at.Operation.Word());
        nint memcg = Marshal.StringToCoTaskMemUTF8(at.Memcg);
        PolicyStuckStruct told = new()
        {
            StructSize = (uint)sizeof(PolicyStuckStruct),
            Node = (uint)at.Node,
            Policy = (byte*)policy,
            Operation = (byte*)operation,
            Memcg = (byte*)memcg,
            Call = (ulong)at.Call,
            Milliseconds = (ulong)taken.TotalMilliseconds,
        };
        _stuck(_context, &told);
        Marshal.FreeCoTaskMem(policy);
        Marshal.FreeCoTaskMem(operation);
        Marshal.FreeCoTaskMem(memcg);
    }
}
