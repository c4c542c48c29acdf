//! The WIT of Quell as Rust, generated from `wit/`: one module per interface.
//!
//! All capabilities are imported here once, so that plugins share the types. [`export!`](crate::export) embeds the same
//! world in the plugin; the encoder then drops every function that nothing calls.

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package quell:sdk;

        world everything {
            include quell:plugin/plugin@0.1.0;
            import quell:log/log@0.1.0;
            import quell:cloudtrail/events@0.1.0;
            import quell:ec2/instances@0.1.0;
            import quell:ec2/network-interfaces@0.1.0;
            import quell:ec2/prefix-lists@0.1.0;
            import quell:ec2/security-groups@0.1.0;
            import quell:ec2/snapshots@0.1.0;
            import quell:ec2/tags@0.1.0;
            import quell:ec2/volumes@0.1.0;
            import quell:http/client@0.1.0;
            import quell:iam/access-keys@0.1.0;
            import quell:iam/instance-profiles@0.1.0;
            import quell:iam/role-policies@0.1.0;
            import quell:iam/roles@0.1.0;
            import quell:iam/user-policies@0.1.0;
            import quell:iam/users@0.1.0;
            import quell:s3/buckets@0.1.0;
            import quell:s3/objects@0.1.0;
            import quell:sns/topics@0.1.0;
        }
    ",
    generate_all,
    additional_derives: [Clone, PartialEq, Eq],
    pub_export_macro: true,
    export_macro_name: "export_bindings",
    default_bindings_module: "quell_sdk::bindings",
});
