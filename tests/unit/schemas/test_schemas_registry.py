"""What device models say reaches the registry's arrays; zones reach its gateways."""

from schemas.directory import (
    Area,
    Device,
    DeviceKind,
    Directory,
    Elder,
    Gateway,
    Home,
    Level,
    Living,
    Location,
)
from schemas.registry import Model, Registry
from schemas.times import SECOND


def device(id_: str, profile: str) -> Device:
    return Device(
        id=id_,
        kind=DeviceKind.SOS_BUTTON,
        profile=profile,
        gateway="g1",
        elder="e1",
        location=Location.WORN,
        interval_s=60,
    )


DIRECTORY = Directory(
    areas=(Area(id="a", name="a", level=Level.CITY, zone="Asia/Urumqi"),),
    homes=(Home(id="h1", area="a", address="x"),),
    elders=(Elder(id="e1", name="x", home="h1", living=Living.LONE, care_level=0),),
    gateways=(Gateway(id="g1", area="a"),),
    devices=(device("d1", "quick"), device("d2", "unheard-of")),
)


def test_models_fit_their_devices_and_no_others() -> None:
    plain = Registry.build(DIRECTORY)
    fitted = plain.fitted({"quick": Model(90 * SECOND, mains=True, repeat_us=5 * SECOND)})
    assert fitted.devices.silence_us.tolist() == [90 * SECOND, 0]
    assert fitted.devices.mains.tolist() == [True, False]
    assert fitted.devices.repeat_us.tolist() == [5 * SECOND, Model().repeat_us]
    assert plain.devices.silence_us.tolist() == [0, 0]
    assert fitted.elders is plain.elders


def test_a_gateway_tells_the_zone_of_its_area() -> None:
    registry = Registry.build(DIRECTORY)
    assert list(registry.gateways.zone) == ["Asia/Urumqi"]
    assert list(registry.homes.zone) == ["Asia/Urumqi"]
