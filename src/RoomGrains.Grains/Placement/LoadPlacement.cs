using Orleans.Metadata;
using Orleans.Placement;

namespace RoomGrains.Grains.Placement;

/// <summary>Places a grain on the least loaded node, of those that have a role and a capability where the attribute names them.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class LoadPlacementAttribute : PlacementAttribute
{
    private readonly LoadPlacement _strategy;

    public LoadPlacementAttribute() : this(new LoadPlacement()) { }

    private LoadPlacementAttribute(LoadPlacement strategy) : base(strategy) => _strategy = strategy;

    /// <summary>A role that the node must have (<see cref="NodeReport.Roles"/>); empty: any node.</summary>
    public string Role
    {
        get => _strategy.Role;
        set => _strategy.Role = value;
    }

    /// <summary>What the node must be capable of (<see cref="NodeReport.Capabilities"/>); empty: nothing special.</summary>
    public string Capability
    {
        get => _strategy.Capability;
        set => _strategy.Capability = value;
    }
}

/// <summary>The strategy that <see cref="LoadPlacementAttribute"/> names. Silos tell each other of it through the properties of the grain's type.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.LoadPlacement")]
internal sealed class LoadPlacement : PlacementStrategy
{
    private const string RoleProperty = "roomgrains.placement.role";
    private const string CapabilityProperty = "roomgrains.placement.capability";

    [Id(0)] public string Role { get; set; } = "";

    [Id(1)] public string Capability { get; set; } = "";

    /// <summary>Whether any node will do.</summary>
    public bool TakesAny => Role.Length == 0 && Capability.Length == 0;

    public bool Fits(NodeReport node) =>
        (Role.Length == 0 || node.Roles.Contains(Role)) && (Capability.Length == 0 || node.Capabilities.Contains(Capability));

    public override void Initialize(GrainProperties properties)
    {
        base.Initialize(properties);
        (Role, Capability) = (properties.Properties.GetValueOrDefault(RoleProperty, ""), properties.Properties.GetValueOrDefault(CapabilityProperty, ""));
    }

    public override void PopulateGrainProperties(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        base.PopulateGrainProperties(services, grainClass, grainType, properties);
        (properties[RoleProperty], properties[CapabilityProperty]) = (Role, Capability);
    }
}
