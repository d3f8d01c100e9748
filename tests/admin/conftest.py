"""Use cases run on every world, as the contract suite of the stores does."""

from tests.stores.conftest import anyio_backend, store, world, world_name

__all__ = ["anyio_backend", "store", "world", "world_name"]
