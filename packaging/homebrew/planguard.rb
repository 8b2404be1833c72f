# The formula of a release. In this repository its values are missing; `packaging/homebrew/fill.sh` writes them from the
# release's SHA256SUMS, and the filled formula is part of the release.
class Planguard < Formula
  desc "Decides by guardrails and Rego policies whether a Terraform plan may be merged"
  homepage "REPOSITORY"
  version "VERSION"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "REPOSITORY/releases/download/vVERSION/planguard-vVERSION-aarch64-apple-darwin.tar.gz"
      sha256 "SHA256-aarch64-apple-darwin"
    end
    on_intel do
      url "REPOSITORY/releases/download/vVERSION/planguard-vVERSION-x86_64-apple-darwin.tar.gz"
      sha256 "SHA256-x86_64-apple-darwin"
    end
  end

  # Static binaries: they need no library of the system.
  on_linux do
    on_arm do
      url "REPOSITORY/releases/download/vVERSION/planguard-vVERSION-aarch64-unknown-linux-musl.tar.gz"
      sha256 "SHA256-aarch64-unknown-linux-musl"
    end
    on_intel do
      url "REPOSITORY/releases/download/vVERSION/planguard-vVERSION-x86_64-unknown-linux-musl.tar.gz"
      sha256 "SHA256-x86_64-unknown-linux-musl"
    end
  end

  def install
    bin.install "planguard"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/planguard.bash" => "planguard"
    zsh_completion.install "completions/planguard.zsh" => "_planguard"
    fish_completion.install "completions/planguard.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/planguard --version")
    # What is no plan is never a pass.
    (testpath/"plan.json").write("{}")
    shell_output("#{bin}/planguard check plan.json 2>&1", 2)
  end
end
