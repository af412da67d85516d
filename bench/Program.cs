using BenchmarkDotNet.Running;
using ReclaimNative.Bench.Ratios;

if (args is ["ratios", .. string[] rest])
    return RatioProgram.Run(rest);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
