#!/bin/sh
# The browser tests drive Debian's Chromium. Installs it when it is missing and that is possible; says so when not.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..."
    if apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "No Chromium was found and none could be installed: the browser tests are skipped."
echo "On Debian or Ubuntu: sudo apt-get install chromium"
