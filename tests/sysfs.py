# SPDX-License-Identifier: Apache-2.0
"""Made-up /sys trees for $KILN_SYSFS."""
import os
import pathlib


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        (self.root / 'class/tty').mkdir(parents=True)

    def file(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + '\n')

    def link(self, path, target):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_symlink():
            path.symlink_to(os.path.relpath(self.root / target, path.parent))

    def tty(self, name, device, subsystem, driver):
        (self.root / device).mkdir(parents=True, exist_ok=True)
        self.link(f'class/tty/{name}/device', device)
        self.link(f'{device}/subsystem', f'bus/{subsystem}')
        self.link(f'{device}/driver', f'bus/{subsystem}/drivers/{driver}')

    def usb(self, name, port, vid, pid, driver, serial=None, manufacturer=None, product=None,
            interface=None, bind=True):
        """A USB device with one serial port, at the USB port `port` ("1-1.3")."""
        device = f'devices/pci0000:00/usb1/{port}'
        facts = dict(idVendor=vid, idProduct=pid, bNumInterfaces=' 1', serial=serial,
                     manufacturer=manufacturer, product=product)
        for key, value in facts.items():
            if value is not None:
                self.file(f'{device}/{key}', value)
        self.file(f'{device}/{port}:1.0/bInterfaceNumber', '00')
        if interface:
            self.file(f'{device}/{port}:1.0/interface', interface)
        self.link(f'bus/usb/devices/{port}', device)
        self.link(f'bus/usb/devices/{port}:1.0', f'{device}/{port}:1.0')
        if bind:
            self.tty(name, f'{device}/{port}:1.0/{name}', 'usb-serial', driver)

    def remove(self, name):
        (self.root / f'class/tty/{name}/device').unlink()


def raspberry_pi(root):
    """The machine of tests/data/flashing-page.txt."""
    tree = Tree(root)
    tree.usb('ttyUSB0', '1-1.3', '10c4', 'ea60', 'cp210x', serial='0163A3DA',
             manufacturer='Silicon Labs', product='CP2104 USB to UART Bridge Controller',
             interface='CP2104 USB to UART Bridge Controller')
    for i, address in enumerate(('fe201000', 'fe201600', 'fe201800')):
        tree.tty(f'ttyAMA{i}', f'devices/platform/soc/{address}.serial', 'amba', 'uart-pl011')
    return tree
