using ReclaimNative.Cli;
using ReclaimNative.Examples;
using ReclaimNative.Lab.Policies;

// The reclaim command with one policy more, which is asked for by its name like any other:
//
//     dotnet run -c Release --project examples/policies/SecondChance -- compare \
//         --trace scenarios/traces/sqlite-orders.u32.gz --memory 25% --policy mine,classic,mglru
return ReclaimCommand.Run(args, PolicyCatalog.Shelf.With<SecondChancePolicy>());
