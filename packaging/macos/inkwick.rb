# A Homebrew cask; packaging/macos/cask puts version, address and checksums in.
cask "inkwick" do
  arch arm: "aarch64", intel: "x86_64"
  version "@VERSION@"
  sha256 arm: "@ARM_SHA256@", intel: "@INTEL_SHA256@"
  url "@URL@/Inkwick-#{version}-#{arch}-apple-darwin.dmg"
  name "Inkwick"
  desc "Native studio for Stable Diffusion: paint a mask, change the words, look again"
  homepage "@HOMEPAGE@"
  depends_on macos: ">= :monterey"
  app "Inkwick.app"
  binary "#{appdir}/Inkwick.app/Contents/MacOS/inkwick"
  zap trash: ["~/Library/Application Support/Inkwick", "~/Library/Caches/Inkwick"]
end
