using ReclaimNative.Lab.Results;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Policies;

/// <summary>The policies that commands know by name: those of the core, and opt, which only the Lab can have.</summary>
public static class PolicyCatalog
{
    /// <summary>All of them; a program that has policies of its own puts a shelf with those here before it runs a command.</summary>
    public static PolicyShelf Shelf { get; set; } = PolicyShelf.BuiltIn.With<OptPolicy>();

    extension(PolicyChoice choice)
    {
        /// <summary>What the policy is told.</summary>
        public Sees Sees => choice.Descriptor.Sight switch
        {
            PolicySight.Bits => Sees.Bits,
            PolicySight.Accesses => Sees.Accesses,
            _ => Sees.Future,
        };

        /// <summary>Whether the whole trace has to be known in advance: then it is defined with a <see cref="FutureUse"/>.</summary>
        public bool NeedsFuture => choice.Descriptor.Sight == PolicySight.Future;
    }
}
