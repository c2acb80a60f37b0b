using RoomGrains.Workers.Tests;

[assembly: AssemblyFixture(typeof(Stage))]
