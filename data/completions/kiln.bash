# SPDX-License-Identifier: Apache-2.0
# bash completion for kiln. Made by tools/make-manual from the commands' tables.

_kiln_commands=' flash fetch discover doctor exec ls tree cat put get cp sync edit rm mkdir rmdir touch mv sha256sum df stat repl mip mount esptool mpremote partition-table nvs help kernel rfc2217-server sim version'

_kiln_persona()
{
	case $1 in
	esptool.py) echo esptool.py ;;
	esptool) echo esptool ;;
	mpremote) echo mpremote ;;
	esp_rfc2217_server.py) echo rfc2217-server ;;
	esp_rfc2217_server) echo rfc2217-server ;;
	esac
}

_kiln_subcommands()
{
	case $1 in
	esptool) echo ' write-flash erase-flash erase-region read-flash verify-flash flash-id read-flash-status write-flash-status read-flash-sfdp load-ram read-mem write-mem dump-mem get-security-info read-mac chip-id run image-info elf2image make-image merge-bin version' ;;
	esptool.py) echo ' write_flash erase_flash erase_region read_flash verify_flash flash_id read_flash_status write_flash_status read_flash_sfdp load_ram read_mem write_mem dump_mem get_security_info read_mac chip_id run image_info elf2image make_image merge_bin version' ;;
	mpremote) echo ' connect disconnect resume soft-reset mount umount repl eval exec run fs edit mip romfs rtc sleep help version' ;;
	esac
}

_kiln_options()
{
	case $1 in
	flash) echo ' --port -p --all --watch --at --erase --no-diff --baud --retries --wait --log --offline --json --verbose -v --quiet -q' ;;
	fetch) echo ' --output -o --sha256 --max --offline --json --verbose -v --quiet -q' ;;
	discover) echo ' --all -a --watch -w --json --verbose -v --quiet -q' ;;
	doctor) echo ' --json --verbose -v --quiet -q' ;;
	exec) echo ' --port -p --file -f --baud -b --json --verbose -v --quiet -q' ;;
	ls) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	tree) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	cat) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	put) echo ' --port -p --baud -b --json --recursive -r --verbose -v --quiet -q' ;;
	get) echo ' --port -p --baud -b --json --recursive -r --verbose -v --quiet -q' ;;
	cp) echo ' --port -p --baud -b --json --recursive -r --verbose -v --quiet -q' ;;
	sync) echo ' --port -p --baud -b --dry-run -n --mirror -m --yes -y --exclude -x --include -i --watch -w --json --verbose -v --quiet -q' ;;
	edit) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	rm) echo ' --port -p --baud -b --json --recursive -r --force -f --verbose -v --quiet -q' ;;
	mkdir) echo ' --port -p --baud -b --json --parents -P --verbose -v --quiet -q' ;;
	rmdir) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	touch) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	mv) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	sha256sum) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	df) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	stat) echo ' --port -p --baud -b --json --verbose -v --quiet -q' ;;
	repl) echo ' --port -p --baud -b --escape-non-printable -e --capture --inject-code --inject-file --verbose -v --quiet -q' ;;
	mip) echo ' --port -p --all --target --index --no-mpy --mpy --locked --output -o --force -f --offline --baud -b --json --verbose -v --quiet -q' ;;
	mount) echo ' --port -p --baud -b --unsafe-links -l --verbose -v --quiet -q' ;;
	esptool) echo ' --chip -c --port -p --port-filter --baud -b --before --after -a --no-stub --trace -t --verbose -v --silent -s --connect-attempts --compat --override-vddsdio --help -h' ;;
	esptool/write-flash) echo ' --erase-all -e --no-progress -p --compress -z --no-compress -u --verify --force --encrypt --encrypt-files --ignore-flash-encryption-efuse-setting --ignore-flash-enc-efuse --diff-with --trust-flash-content --no-diff-verify --skip-flashed -s --flash-freq -ff --flash-mode -fm --flash-size -fs --spi-connection -sc --help -h' ;;
	esptool/erase-flash) echo ' --force --spi-connection -sc --help -h' ;;
	esptool/erase-region) echo ' --force --spi-connection -sc --help -h' ;;
	esptool/read-flash) echo ' --no-progress -p --flash-size -fs --spi-connection -sc --help -h' ;;
	esptool/verify-flash) echo ' --diff -d --flash-freq -ff --flash-mode -fm --flash-size -fs --spi-connection -sc --help -h' ;;
	esptool/flash-id) echo ' --spi-connection -sc --help -h' ;;
	esptool/read-flash-status) echo ' --bytes --spi-connection -sc --help -h' ;;
	esptool/write-flash-status) echo ' --non-volatile --bytes --spi-connection -sc --help -h' ;;
	esptool/read-flash-sfdp) echo ' --spi-connection -sc --help -h' ;;
	esptool/load-ram) echo ' --help -h' ;;
	esptool/read-mem) echo ' --help -h' ;;
	esptool/write-mem) echo ' --help -h' ;;
	esptool/dump-mem) echo ' --help -h' ;;
	esptool/get-security-info) echo ' --help -h' ;;
	esptool/read-mac) echo ' --spi-connection -sc --help -h' ;;
	esptool/chip-id) echo ' --spi-connection -sc --help -h' ;;
	esptool/run) echo ' --help -h' ;;
	esptool/image-info) echo ' --version -v --help -h' ;;
	esptool/elf2image) echo ' --output -o --version -e --min-rev-full --max-rev-full --secure-pad --secure-pad-v2 --elf-sha256-offset --dont-append-digest --use-segments --flash-mmu-page-size --pad-to-size --ram-only-header --flash-freq -ff --flash-mode -fm --flash-size -fs --help -h' ;;
	esptool/make-image) echo ' --segfile -f --segaddr -a --entrypoint -e --help -h' ;;
	esptool/merge-bin) echo ' --output -o --format -f --chunk-size --md5-disable --target-offset -t --pad-to-size --flash-freq -ff --flash-mode -fm --flash-size -fs --help -h' ;;
	esptool/version) echo ' --help -h' ;;
	esptool.py) echo ' --chip -c --port -p --port-filter --baud -b --before --after -a --no-stub --trace -t --verbose -v --silent -s --connect-attempts --compat --override-vddsdio --help -h' ;;
	esptool.py/write_flash) echo ' --erase-all -e --no-progress -p --compress -z --no-compress -u --verify --force --encrypt --encrypt-files --ignore-flash-encryption-efuse-setting --ignore-flash-enc-efuse --diff-with --trust-flash-content --no-diff-verify --skip-flashed -s --flash_freq -ff --flash_mode -fm --flash_size -fs --spi-connection -sc --help -h' ;;
	esptool.py/erase_flash) echo ' --force --spi-connection -sc --help -h' ;;
	esptool.py/erase_region) echo ' --force --spi-connection -sc --help -h' ;;
	esptool.py/read_flash) echo ' --no-progress -p --flash_size -fs --spi-connection -sc --help -h' ;;
	esptool.py/verify_flash) echo ' --diff -d --flash_freq -ff --flash_mode -fm --flash_size -fs --spi-connection -sc --help -h' ;;
	esptool.py/flash_id) echo ' --spi-connection -sc --help -h' ;;
	esptool.py/read_flash_status) echo ' --bytes --spi-connection -sc --help -h' ;;
	esptool.py/write_flash_status) echo ' --non-volatile --bytes --spi-connection -sc --help -h' ;;
	esptool.py/read_flash_sfdp) echo ' --spi-connection -sc --help -h' ;;
	esptool.py/load_ram) echo ' --help -h' ;;
	esptool.py/read_mem) echo ' --help -h' ;;
	esptool.py/write_mem) echo ' --help -h' ;;
	esptool.py/dump_mem) echo ' --help -h' ;;
	esptool.py/get_security_info) echo ' --help -h' ;;
	esptool.py/read_mac) echo ' --spi-connection -sc --help -h' ;;
	esptool.py/chip_id) echo ' --spi-connection -sc --help -h' ;;
	esptool.py/run) echo ' --help -h' ;;
	esptool.py/image_info) echo ' --version -v --help -h' ;;
	esptool.py/elf2image) echo ' --output -o --version -e --min-rev-full --max-rev-full --secure-pad --secure-pad-v2 --elf-sha256-offset --dont-append-digest --use_segments --flash-mmu-page-size --pad-to-size --ram-only-header --flash_freq -ff --flash_mode -fm --flash_size -fs --help -h' ;;
	esptool.py/make_image) echo ' --segfile -f --segaddr -a --entrypoint -e --help -h' ;;
	esptool.py/merge_bin) echo ' --output -o --format -f --chunk-size --md5-disable --target-offset -t --pad-to-size --flash_freq -ff --flash_mode -fm --flash_size -fs --help -h' ;;
	esptool.py/version) echo ' --help -h' ;;
	mpremote) echo '' ;;
	mpremote/connect) echo ' --help -h' ;;
	mpremote/disconnect) echo ' --help -h' ;;
	mpremote/resume) echo ' --help -h' ;;
	mpremote/soft-reset) echo ' --help -h' ;;
	mpremote/mount) echo ' --help -h --unsafe-links -l' ;;
	mpremote/umount) echo ' --help -h' ;;
	mpremote/repl) echo ' --help -h --escape-non-printable -e --capture --inject-code --inject-file' ;;
	mpremote/eval) echo ' --help -h' ;;
	mpremote/exec) echo ' --help -h --follow -f' ;;
	mpremote/run) echo ' --help -h --follow -f' ;;
	mpremote/fs) echo ' --help --recursive -r --force -f --verbose -v --size -s --human -h' ;;
	mpremote/edit) echo ' --help -h' ;;
	mpremote/mip) echo ' --help -h --mpy -m --target --index' ;;
	mpremote/romfs) echo ' --help -h --mpy -m --partition -p --output -o' ;;
	mpremote/rtc) echo ' --help -h --set -s' ;;
	mpremote/sleep) echo ' --help -h' ;;
	mpremote/help) echo ' --help -h' ;;
	mpremote/version) echo ' --help -h' ;;
	partition-table) echo ' --output -o --flash-size --offset --no-md5 --no-verify --secure --primary-bootloader-offset --recovery-bootloader-offset --json --verbose -v --quiet -q' ;;
	nvs) echo ' --output -o --size -s --json --verbose -v --quiet -q' ;;
	help) echo ' --verbose -v --quiet -q' ;;
	kernel) echo ' --user --prefix --sys-prefix --name --display-name --file -f --json --verbose -v --quiet -q' ;;
	rfc2217-server) echo ' --localport -p --r0 --json --verbose -v --quiet -q' ;;
	sim) echo ' --pty --rfc2217 --link --chip --flash --size --nand --bad-blocks --mac --fault --seed --list --remove --yes --json --verbose -v --quiet -q' ;;
	version) echo ' --json --verbose -v --quiet -q' ;;
	esac
}

_kiln_values()
{
	case $1 in
	'flash --port' | 'flash -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'flash --at') echo ''  ;;
	'flash --baud') echo ''  ;;
	'flash --retries') echo ''  ;;
	'flash --wait') echo ''  ;;
	'flash --log') echo ''  ;;
	'fetch --output' | 'fetch -o') echo ''  ;;
	'fetch --sha256') echo ''  ;;
	'fetch --max') echo ''  ;;
	'exec --port' | 'exec -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'exec --file' | 'exec -f') echo ''  ;;
	'exec --baud' | 'exec -b') echo ''  ;;
	'ls --port' | 'ls -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'ls --baud' | 'ls -b') echo ''  ;;
	'tree --port' | 'tree -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'tree --baud' | 'tree -b') echo ''  ;;
	'cat --port' | 'cat -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'cat --baud' | 'cat -b') echo ''  ;;
	'put --port' | 'put -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'put --baud' | 'put -b') echo ''  ;;
	'get --port' | 'get -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'get --baud' | 'get -b') echo ''  ;;
	'cp --port' | 'cp -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'cp --baud' | 'cp -b') echo ''  ;;
	'sync --port' | 'sync -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'sync --baud' | 'sync -b') echo ''  ;;
	'sync --exclude' | 'sync -x') echo ''  ;;
	'sync --include' | 'sync -i') echo ''  ;;
	'edit --port' | 'edit -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'edit --baud' | 'edit -b') echo ''  ;;
	'rm --port' | 'rm -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'rm --baud' | 'rm -b') echo ''  ;;
	'mkdir --port' | 'mkdir -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'mkdir --baud' | 'mkdir -b') echo ''  ;;
	'rmdir --port' | 'rmdir -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'rmdir --baud' | 'rmdir -b') echo ''  ;;
	'touch --port' | 'touch -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'touch --baud' | 'touch -b') echo ''  ;;
	'mv --port' | 'mv -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'mv --baud' | 'mv -b') echo ''  ;;
	'sha256sum --port' | 'sha256sum -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'sha256sum --baud' | 'sha256sum -b') echo ''  ;;
	'df --port' | 'df -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'df --baud' | 'df -b') echo ''  ;;
	'stat --port' | 'stat -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'stat --baud' | 'stat -b') echo ''  ;;
	'repl --port' | 'repl -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'repl --baud' | 'repl -b') echo ''  ;;
	'repl --capture') echo ''  ;;
	'repl --inject-code') echo ''  ;;
	'repl --inject-file') echo ''  ;;
	'mip --port' | 'mip -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'mip --target') echo ''  ;;
	'mip --index') echo ''  ;;
	'mip --mpy') echo ''  ;;
	'mip --locked') echo ''  ;;
	'mip --output' | 'mip -o') echo ''  ;;
	'mip --baud' | 'mip -b') echo ''  ;;
	'mount --port' | 'mount -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'mount --baud' | 'mount -b') echo ''  ;;
	'esptool --chip' | 'esptool -c') echo ' esp8266 esp32 esp32s2 esp32s3 esp32c3 esp32c2 esp32c6 esp32c61 esp32c5 esp32e22 esp32h2 esp32h21 esp32p4 esp32h4 esp32s31'  ;;
	'esptool --port' | 'esptool -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'esptool --port-filter') echo ''  ;;
	'esptool --baud' | 'esptool -b') echo ''  ;;
	'esptool --before') echo ' default-reset usb-reset no-reset no-reset-no-sync'  ;;
	'esptool --after' | 'esptool -a') echo ' hard-reset soft-reset no-reset no-reset-stub watchdog-reset'  ;;
	'esptool --connect-attempts') echo ''  ;;
	'esptool --compat') echo ' 3 4 5'  ;;
	'esptool --override-vddsdio') echo ' 1.8V 1.9V OFF'  ;;
	'esptool/write-flash --encrypt-files') echo ''  ;;
	'esptool/write-flash --diff-with') echo ''  ;;
	'esptool/write-flash --flash-freq' | 'esptool/write-flash -ff') echo ' keep 80m 60m 48m 40m 30m 26m 24m 20m 16m 15m 12m'  ;;
	'esptool/write-flash --flash-mode' | 'esptool/write-flash -fm') echo ' keep qio qout dio dout'  ;;
	'esptool/write-flash --flash-size' | 'esptool/write-flash -fs') echo ' keep detect 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool/write-flash --spi-connection' | 'esptool/write-flash -sc') echo ''  ;;
	'esptool/erase-flash --spi-connection' | 'esptool/erase-flash -sc') echo ''  ;;
	'esptool/erase-region --spi-connection' | 'esptool/erase-region -sc') echo ''  ;;
	'esptool/read-flash --flash-size' | 'esptool/read-flash -fs') echo ' keep detect 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool/read-flash --spi-connection' | 'esptool/read-flash -sc') echo ''  ;;
	'esptool/verify-flash --diff' | 'esptool/verify-flash -d') echo ' no yes'  ;;
	'esptool/verify-flash --flash-freq' | 'esptool/verify-flash -ff') echo ' keep 80m 60m 48m 40m 30m 26m 24m 20m 16m 15m 12m'  ;;
	'esptool/verify-flash --flash-mode' | 'esptool/verify-flash -fm') echo ' keep qio qout dio dout'  ;;
	'esptool/verify-flash --flash-size' | 'esptool/verify-flash -fs') echo ' keep detect 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool/verify-flash --spi-connection' | 'esptool/verify-flash -sc') echo ''  ;;
	'esptool/flash-id --spi-connection' | 'esptool/flash-id -sc') echo ''  ;;
	'esptool/read-flash-status --bytes') echo ' 1 2 3'  ;;
	'esptool/read-flash-status --spi-connection' | 'esptool/read-flash-status -sc') echo ''  ;;
	'esptool/write-flash-status --bytes') echo ' 1 2 3'  ;;
	'esptool/write-flash-status --spi-connection' | 'esptool/write-flash-status -sc') echo ''  ;;
	'esptool/read-flash-sfdp --spi-connection' | 'esptool/read-flash-sfdp -sc') echo ''  ;;
	'esptool/read-mac --spi-connection' | 'esptool/read-mac -sc') echo ''  ;;
	'esptool/chip-id --spi-connection' | 'esptool/chip-id -sc') echo ''  ;;
	'esptool/image-info --version' | 'esptool/image-info -v') echo ' 1 2'  ;;
	'esptool/elf2image --output' | 'esptool/elf2image -o') echo ''  ;;
	'esptool/elf2image --version' | 'esptool/elf2image -e') echo ' 1 2 3'  ;;
	'esptool/elf2image --min-rev-full') echo ''  ;;
	'esptool/elf2image --max-rev-full') echo ''  ;;
	'esptool/elf2image --elf-sha256-offset') echo ''  ;;
	'esptool/elf2image --flash-mmu-page-size') echo ' 256KB 128KB 64KB 32KB 16KB 8KB'  ;;
	'esptool/elf2image --pad-to-size') echo ''  ;;
	'esptool/elf2image --flash-freq' | 'esptool/elf2image -ff') echo ' 80m 60m 48m 40m 30m 26m 24m 20m 16m 15m 12m'  ;;
	'esptool/elf2image --flash-mode' | 'esptool/elf2image -fm') echo ' qio qout dio dout'  ;;
	'esptool/elf2image --flash-size' | 'esptool/elf2image -fs') echo ' 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool/make-image --segfile' | 'esptool/make-image -f') echo ''  ;;
	'esptool/make-image --segaddr' | 'esptool/make-image -a') echo ''  ;;
	'esptool/make-image --entrypoint' | 'esptool/make-image -e') echo ''  ;;
	'esptool/merge-bin --output' | 'esptool/merge-bin -o') echo ''  ;;
	'esptool/merge-bin --format' | 'esptool/merge-bin -f') echo ' raw uf2 hex'  ;;
	'esptool/merge-bin --chunk-size') echo ''  ;;
	'esptool/merge-bin --target-offset' | 'esptool/merge-bin -t') echo ''  ;;
	'esptool/merge-bin --pad-to-size') echo ' 256KB 512KB 1MB 2MB 4MB 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool/merge-bin --flash-freq' | 'esptool/merge-bin -ff') echo ' keep 80m 60m 48m 40m 30m 26m 24m 20m 16m 15m 12m'  ;;
	'esptool/merge-bin --flash-mode' | 'esptool/merge-bin -fm') echo ' keep qio qout dio dout'  ;;
	'esptool/merge-bin --flash-size' | 'esptool/merge-bin -fs') echo ' keep 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool.py --chip' | 'esptool.py -c') echo ' esp8266 esp32 esp32s2 esp32s3 esp32c3 esp32c2 esp32c6 esp32c61 esp32c5 esp32e22 esp32h2 esp32h21 esp32p4 esp32h4 esp32s31'  ;;
	'esptool.py --port' | 'esptool.py -p') echo '' "$(kiln __ports 2>/dev/null)" ;;
	'esptool.py --port-filter') echo ''  ;;
	'esptool.py --baud' | 'esptool.py -b') echo ''  ;;
	'esptool.py --before') echo ' default_reset usb_reset no_reset no_reset_no_sync'  ;;
	'esptool.py --after' | 'esptool.py -a') echo ' hard_reset soft_reset no_reset no_reset_stub watchdog_reset'  ;;
	'esptool.py --connect-attempts') echo ''  ;;
	'esptool.py --compat') echo ' 3 4 5'  ;;
	'esptool.py --override-vddsdio') echo ' 1.8V 1.9V OFF'  ;;
	'esptool.py/write_flash --encrypt-files') echo ''  ;;
	'esptool.py/write_flash --diff-with') echo ''  ;;
	'esptool.py/write_flash --flash_freq' | 'esptool.py/write_flash -ff') echo ' keep 80m 60m 48m 40m 30m 26m 24m 20m 16m 15m 12m'  ;;
	'esptool.py/write_flash --flash_mode' | 'esptool.py/write_flash -fm') echo ' keep qio qout dio dout'  ;;
	'esptool.py/write_flash --flash_size' | 'esptool.py/write_flash -fs') echo ' keep detect 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool.py/write_flash --spi-connection' | 'esptool.py/write_flash -sc') echo ''  ;;
	'esptool.py/erase_flash --spi-connection' | 'esptool.py/erase_flash -sc') echo ''  ;;
	'esptool.py/erase_region --spi-connection' | 'esptool.py/erase_region -sc') echo ''  ;;
	'esptool.py/read_flash --flash_size' | 'esptool.py/read_flash -fs') echo ' keep detect 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool.py/read_flash --spi-connection' | 'esptool.py/read_flash -sc') echo ''  ;;
	'esptool.py/verify_flash --diff' | 'esptool.py/verify_flash -d') echo ' no yes'  ;;
	'esptool.py/verify_flash --flash_freq' | 'esptool.py/verify_flash -ff') echo ' keep 80m 60m 48m 40m 30m 26m 24m 20m 16m 15m 12m'  ;;
	'esptool.py/verify_flash --flash_mode' | 'esptool.py/verify_flash -fm') echo ' keep qio qout dio dout'  ;;
	'esptool.py/verify_flash --flash_size' | 'esptool.py/verify_flash -fs') echo ' keep detect 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool.py/verify_flash --spi-connection' | 'esptool.py/verify_flash -sc') echo ''  ;;
	'esptool.py/flash_id --spi-connection' | 'esptool.py/flash_id -sc') echo ''  ;;
	'esptool.py/read_flash_status --bytes') echo ' 1 2 3'  ;;
	'esptool.py/read_flash_status --spi-connection' | 'esptool.py/read_flash_status -sc') echo ''  ;;
	'esptool.py/write_flash_status --bytes') echo ' 1 2 3'  ;;
	'esptool.py/write_flash_status --spi-connection' | 'esptool.py/write_flash_status -sc') echo ''  ;;
	'esptool.py/read_flash_sfdp --spi-connection' | 'esptool.py/read_flash_sfdp -sc') echo ''  ;;
	'esptool.py/read_mac --spi-connection' | 'esptool.py/read_mac -sc') echo ''  ;;
	'esptool.py/chip_id --spi-connection' | 'esptool.py/chip_id -sc') echo ''  ;;
	'esptool.py/image_info --version' | 'esptool.py/image_info -v') echo ' 1 2'  ;;
	'esptool.py/elf2image --output' | 'esptool.py/elf2image -o') echo ''  ;;
	'esptool.py/elf2image --version' | 'esptool.py/elf2image -e') echo ' 1 2 3'  ;;
	'esptool.py/elf2image --min-rev-full') echo ''  ;;
	'esptool.py/elf2image --max-rev-full') echo ''  ;;
	'esptool.py/elf2image --elf-sha256-offset') echo ''  ;;
	'esptool.py/elf2image --flash-mmu-page-size') echo ' 256KB 128KB 64KB 32KB 16KB 8KB'  ;;
	'esptool.py/elf2image --pad-to-size') echo ''  ;;
	'esptool.py/elf2image --flash_freq' | 'esptool.py/elf2image -ff') echo ' 80m 60m 48m 40m 30m 26m 24m 20m 16m 15m 12m'  ;;
	'esptool.py/elf2image --flash_mode' | 'esptool.py/elf2image -fm') echo ' qio qout dio dout'  ;;
	'esptool.py/elf2image --flash_size' | 'esptool.py/elf2image -fs') echo ' 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool.py/make_image --segfile' | 'esptool.py/make_image -f') echo ''  ;;
	'esptool.py/make_image --segaddr' | 'esptool.py/make_image -a') echo ''  ;;
	'esptool.py/make_image --entrypoint' | 'esptool.py/make_image -e') echo ''  ;;
	'esptool.py/merge_bin --output' | 'esptool.py/merge_bin -o') echo ''  ;;
	'esptool.py/merge_bin --format' | 'esptool.py/merge_bin -f') echo ' raw uf2 hex'  ;;
	'esptool.py/merge_bin --chunk-size') echo ''  ;;
	'esptool.py/merge_bin --target-offset' | 'esptool.py/merge_bin -t') echo ''  ;;
	'esptool.py/merge_bin --pad-to-size') echo ' 256KB 512KB 1MB 2MB 4MB 8MB 16MB 32MB 64MB 128MB'  ;;
	'esptool.py/merge_bin --flash_freq' | 'esptool.py/merge_bin -ff') echo ' keep 80m 60m 48m 40m 30m 26m 24m 20m 16m 15m 12m'  ;;
	'esptool.py/merge_bin --flash_mode' | 'esptool.py/merge_bin -fm') echo ' keep qio qout dio dout'  ;;
	'esptool.py/merge_bin --flash_size' | 'esptool.py/merge_bin -fs') echo ' keep 256KB 512KB 1MB 2MB 2MB-c1 4MB 4MB-c1 8MB 16MB 32MB 64MB 128MB'  ;;
	'mpremote/repl --capture') echo ''  ;;
	'mpremote/repl --inject-code') echo ''  ;;
	'mpremote/repl --inject-file') echo ''  ;;
	'mpremote/mip --target') echo ''  ;;
	'mpremote/mip --index') echo ''  ;;
	'mpremote/romfs --partition' | 'mpremote/romfs -p') echo ''  ;;
	'mpremote/romfs --output' | 'mpremote/romfs -o') echo ''  ;;
	'partition-table --output' | 'partition-table -o') echo ''  ;;
	'partition-table --flash-size') echo ''  ;;
	'partition-table --offset') echo ''  ;;
	'partition-table --secure') echo ' v1 v2'  ;;
	'partition-table --primary-bootloader-offset') echo ''  ;;
	'partition-table --recovery-bootloader-offset') echo ''  ;;
	'nvs --output' | 'nvs -o') echo ''  ;;
	'nvs --size' | 'nvs -s') echo ''  ;;
	'kernel --prefix') echo ''  ;;
	'kernel --name') echo ''  ;;
	'kernel --display-name') echo ''  ;;
	'kernel --file' | 'kernel -f') echo ''  ;;
	'rfc2217-server --localport' | 'rfc2217-server -p') echo ''  ;;
	'sim --rfc2217') echo ''  ;;
	'sim --link') echo ''  ;;
	'sim --chip') echo ' esp8266 esp32 esp32s2 esp32s3 esp32c3 esp32c2 esp32c6 esp32c61 esp32c5 esp32e22 esp32h2 esp32h21 esp32p4 esp32h4 esp32s31'  ;;
	'sim --flash') echo ''  ;;
	'sim --size') echo ''  ;;
	'sim --nand') echo ''  ;;
	'sim --bad-blocks') echo ''  ;;
	'sim --mac') echo ''  ;;
	'sim --fault') echo ''  ;;
	'sim --seed') echo ''  ;;
	'sim --remove') echo ''  ;;
	*) return 1 ;;
	esac
}

# The command, and below it the subcommand, that the words before the cursor name.
_kiln_key()
{
	local key i word
	key=$(_kiln_persona "${COMP_WORDS[0]##*/}")
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -* ]]; then
			_kiln_values "$key $word" >/dev/null && ((i++))
		elif [[ -z $key ]]; then
			key=$word
		elif [[ $key != */* && " $(_kiln_subcommands "$key") " == *" $word "* ]]; then
			key=$key/$word
		fi
	done
	echo "$key"
}

_kiln()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} key words
	key=$(_kiln_key)
	if words=$(_kiln_values "$key $prev"); then
		:  # bash's own, files, where there are none
	elif [[ $cur == -* ]]; then
		words=$(_kiln_options "$key")
	elif [[ -z $key ]]; then
		words=$_kiln_commands
	else
		words=$(_kiln_subcommands "$key")
	fi
	[[ -z $words && $key == help ]] && words=$_kiln_commands
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -o default -F _kiln kiln esptool.py esptool mpremote esp_rfc2217_server.py esp_rfc2217_server
