// Some tests measure, and the machines that run them have few cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
