{
  description = "Checks Terraform and OpenTofu plans, and answers with its exit code whether they may be merged";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forAll = function: nixpkgs.lib.genAttrs systems (system: function nixpkgs.legacyPackages.${system});
      manifest = builtins.fromTOML (builtins.readFile ./Cargo.toml);
    in
    {
      packages = forAll (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = "planguard";
          version = manifest.workspace.package.version;
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          cargoBuildFlags = [ "--bin" "planguard" ];
          # The tests are the repository's own check; they use git, a shell and Python.
          doCheck = false;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          postInstall = pkgs.lib.optionalString (pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform) ''
            for shell in bash zsh fish; do
              $out/bin/planguard completions $shell > planguard.$shell
            done
            installShellCompletion planguard.bash planguard.fish --zsh planguard.zsh
            $out/bin/planguard man man
            installManPage man/*.1
          '';
          meta = {
            description = manifest.package.description;
            license = pkgs.lib.licenses.asl20;
            mainProgram = "planguard";
          };
        };
      });
    };
}
