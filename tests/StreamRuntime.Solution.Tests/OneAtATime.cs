// Scripts are written here and then run. A process that another test starts in between inherits the open file for a moment, and running it fails as busy.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
