// Each test starts processes, and the machines that run them have few cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
