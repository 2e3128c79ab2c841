// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IFeeSource} from "../interfaces/IFeeSource.sol";
import {IValidation} from "../interfaces/IValidation.sol";
import {DatanetId} from "../Types.sol";

/// @dev Tests only. A token like those that people pay in, with 6 decimals, of which anybody may have some.
contract TestToken is ERC20 {
    constructor() ERC20("Test", "TEST") {}

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @dev Tests only. Stands where the vault stands: what is put in for a datanet's validators, they can pull.
/// It can be told to say more than it pays, or to call back in the middle of paying.
contract TestFees is IFeeSource {
    mapping(DatanetId => mapping(address token => uint256)) public fees;
    bool public lies;
    bool public callsBack;
    bytes4 public refusal;

    function put(DatanetId datanet, TestToken token, uint256 amount) external {
        token.mint(address(this), amount);
        fees[datanet][address(token)] += amount;
    }

    function setMood(bool lies_, bool callsBack_) external {
        (lies, callsBack) = (lies_, callsBack_);
    }

    /// @inheritdoc IFeeSource
    function pullValidatorFees(DatanetId datanet, address token) external returns (uint256 amount) {
        amount = fees[datanet][token];
        fees[datanet][token] = 0;
        if (amount > 0) require(ERC20(token).transfer(msg.sender, amount), "no");
        if (callsBack) {
            try IValidation(msg.sender).distributeFees(datanet, token) returns (uint256) {} catch (
                bytes memory data
            ) {
                refusal = bytes4(data);
            }
        }
        if (lies) amount += 1_000_000;
    }
}
