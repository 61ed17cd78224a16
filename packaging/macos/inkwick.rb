# A Homebrew cask; the release's workflow puts version and checksum in.
cask "inkwick" do
  version "@VERSION@"
  sha256 "@SHA256@"
  url "@URL@/Inkwick-@VERSION@.dmg"
  name "Inkwick"
  desc "Native studio for Stable Diffusion: paint a mask, change the words, look again"
  homepage "@URL@"
  depends_on macos: ">= :monterey"
  app "Inkwick.app"
  binary "#{appdir}/Inkwick.app/Contents/MacOS/inkwick"
  zap trash: ["~/Library/Application Support/Inkwick", "~/Library/Caches/Inkwick"]
end
