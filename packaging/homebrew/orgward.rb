# The formula of a release, once `packaging/render` has put in the version and the checksums.
class Orgward < Formula
  desc "Decides before merge whether an AWS organization is still governed"
  homepage "https://github.com/orgward/orgward"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "https://github.com/orgward/orgward/releases/download/v@VERSION@/orgward-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256:aarch64-apple-darwin@"
    end
    on_intel do
      url "https://github.com/orgward/orgward/releases/download/v@VERSION@/orgward-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256:x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/orgward/orgward/releases/download/v@VERSION@/orgward-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256:aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "https://github.com/orgward/orgward/releases/download/v@VERSION@/orgward-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256:x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "orgward"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/orgward.bash" => "orgward"
    zsh_completion.install "completions/orgward.zsh" => "_orgward"
    fish_completion.install "completions/orgward.fish"
  end

  test do
    (testpath/"plan.json").write('{"format_version":"1.2","complete":true,"planned_values":{"root_module":{}},"configuration":{}}')
    system bin/"orgward", "plan", "review", "plan.json"
  end
end
